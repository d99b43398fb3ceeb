"""Figures as files: the format is what the ending says, and nothing half-written stays."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.plots import error_histogram
from napari_compressed_transcriptomics.io.files.figure_file import save_figure


@pytest.fixture
def figure():
    return error_histogram(np.linspace(0.1, 0.2, 50))


@pytest.mark.parametrize(
    ("name", "start"), [("a.png", b"\x89PNG"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF")]
)
def test_the_ending_decides(name, start, figure, tmp_path):
    save_figure(figure, tmp_path / name)
    assert (tmp_path / name).read_bytes().startswith(start)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_png_is_opaque_white(figure, tmp_path):
    from matplotlib.image import imread

    save_figure(figure, tmp_path / "a.png", dots_per_inch=50)
    np.testing.assert_array_equal(imread(tmp_path / "a.png")[0, 0], [1, 1, 1, 1])


@pytest.mark.parametrize("name", ["a.docx", "a"])
def test_another_ending_is_refused(name, figure, tmp_path):
    with pytest.raises(UserError, match=r"\.png, \.svg, \.pdf"):
        save_figure(figure, tmp_path / name)
    assert not list(tmp_path.iterdir())
