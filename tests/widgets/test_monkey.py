"""A monkey plays in the window for a while (`make monkey` lets it play for long)."""

import pytest

from monkey.monkey import Monkey
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions
from napari_compressed_transcriptomics.viewer.adding import add_expression


def brain():
    return synthetic_brain(voxel_mm=16, n_genes=40)


@pytest.fixture
def away(monkeypatch, tmp_path):
    """Keep models and reports of faults in a folder of our own, and off the net."""
    monkeypatch.setenv("COMPRESSED_TRANSCRIPTOMICS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COMPRESSED_TRANSCRIPTOMICS_MIRROR", "http://127.0.0.1:9/")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    (tmp_path / "monkey").mkdir()
    return tmp_path / "monkey"


@pytest.mark.filterwarnings("default")  # napari's own, of what a monkey does
@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize(
    ("sample", "seed"), [(brain, 1), (lambda: synthetic_regions(brain(), 12), 2)]
)
def test_a_monkey_finds_no_fault(sample, seed, away, make_napari_viewer):
    expression = sample()
    monkey = Monkey(
        lambda viewer: add_expression(viewer, expression),
        seed,
        away,
        make_viewer=make_napari_viewer,
    )
    monkey.play(n_actions=30)
    assert monkey.count == 30
    assert not monkey.watch.faults
