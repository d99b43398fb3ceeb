"""Figures as files: exact in size, text as text, nothing cut off, the same bytes each time."""

import json
import re

import numpy as np
import pytest
from PIL import Image

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures import gene_plots, plots
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.figures.drawing import draw_maps, draw_plot
from napari_compressed_transcriptomics.figures.request import FigureRequest, Movie
from napari_compressed_transcriptomics.io.files.figure_file import save_figure
from napari_compressed_transcriptomics.io.files.movie_file import save_movie
from napari_compressed_transcriptomics.io.writers.figure import FigureRecord, write_figure
from phantom import GRIDS, lone_voxel

LABEL = "GENE1, reconstructed − original (units of the data)"


def one_map(title="spot"):
    expression = lone_voxel((22, 14, 12), GRIDS["LAS"])
    return BrainMap(expression.values[:, 0], expression.parcellation, title, LABEL)


def error_plot(**how):
    return plots.error_histogram(np.linspace(0.1, 0.4, 200), **how)


def gene_plot(**how):
    genes = [f"LONGGENENAME{i}" for i in range(40)]
    return gene_plots.gene_extremes(genes, np.linspace(0, 1, 40), np.linspace(0.1, 1, 40), **how)


def figures():
    yield "slices", lambda request: draw_maps([one_map()], request), {"n": 3}
    yield "ortho", lambda request: draw_maps([one_map()], request), {"view": "ortho"}
    yield "two", lambda request: draw_maps([one_map("a"), one_map("b")], request), {"n": 8}
    yield "histogram", lambda request: draw_plot(error_plot, request), {}
    yield "genes", lambda request: draw_plot(gene_plot, request), {}


@pytest.mark.parametrize(("draw", "settings"), [pytest.param(*f[1:], id=f[0]) for f in figures()])
@pytest.mark.parametrize(("cm", "font"), [(8.5, 7), (17, 10)])
def test_no_text_is_cut_off(draw, settings, cm, font):
    request = FigureRequest(width_cm=cm, font_pt=font, dpi=80, title="A title", **settings)
    figure = draw(request)
    figure.draw_without_rendering()
    drawn, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    assert drawn.x0 >= -0.01
    assert drawn.y0 >= -0.01
    assert drawn.x1 <= width + 0.01
    assert drawn.y1 <= height + 0.01


@pytest.mark.parametrize(("cm", "dpi"), [(17, 300), (8.9, 96), (8.5, 254), (12.34, 211)])
def test_png_has_exactly_the_pixels_of_its_size(tmp_path, cm, dpi):
    request = FigureRequest(width_cm=cm, dpi=dpi, n=2)
    for name, figure in (
        ("m", draw_maps([one_map()], request)),
        ("p", draw_plot(error_plot, request)),
    ):
        save_figure(figure, tmp_path / f"{name}.png", dpi)
        with Image.open(tmp_path / f"{name}.png") as picture:
            assert picture.size[0] == round(cm / 2.54 * dpi)
            assert picture.info["dpi"][0] == pytest.approx(dpi, abs=0.1)
            corner = picture.convert("RGB").getpixel((0, 0))
        assert corner == (255, 255, 255)


def test_svg_and_pdf_hold_text_as_text_and_the_size_in_cm(tmp_path):
    request = FigureRequest(n=2, title="A title of the figure")
    figure = draw_maps([one_map()], request)
    save_figure(figure, tmp_path / "a.svg", 100, {"figure": request.record()})
    svg = (tmp_path / "a.svg").read_text()
    assert ">A title of the figure</text>" in svg
    assert "reconstructed" in re.sub("<[^>]*>", "", svg)
    width = float(re.search(r'<svg[^>]* width="([\d.]+)pt"', svg)[1])
    assert width / 72 * 2.54 == pytest.approx(17, abs=0.01)
    assert "&quot;width_cm&quot;: 17.0" in svg or '"width_cm": 17.0' in svg
    save_figure(figure, tmp_path / "a.pdf", 100, {"figure": request.record()})
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert b"/Type3" not in pdf.replace(b" ", b"")
    assert b"/FontFile2" in pdf  # TrueType
    box = re.search(rb"/MediaBox \[ 0 0 ([\d.]+) ", pdf)
    assert float(box[1]) / 72 * 2.54 == pytest.approx(17, abs=0.01)


@pytest.mark.parametrize("ending", ["png", "svg", "pdf"])
def test_the_record_draws_the_same_bytes_again(tmp_path, ending):
    record = FigureRecord(FigureRequest(n=2, dpi=80, width_cm=8))
    path, sidecar = write_figure(
        draw_maps([one_map()], record.request), tmp_path / f"a.{ending}", record
    )
    again = FigureRecord.of_file(sidecar)
    assert again.request == record.request
    other, _ = write_figure(draw_maps([one_map()], again.request), tmp_path / f"b.{ending}", again)
    assert path.read_bytes() == other.read_bytes()
    written = json.loads(sidecar.read_text())
    assert written["file"] == path.name
    assert written["versions"]["matplotlib"]


def test_a_request_survives_json():
    request = FigureRequest(
        ("gene:A1BG", "rmse"), "ortho", place=(1.0, -2.5, 3.0), low=-1, colormap="magma"
    )
    assert FigureRequest.of_record(json.loads(json.dumps(request.record()))) == request


@pytest.mark.parametrize(
    ("record", "words"),
    [
        ({"widht_cm": 17}, "widht_cm"),
        ({"dpi": "300"}, "dpi"),
        ({"dpi": 1}, "dpi is 1"),
        ({"width_cm": float("nan")}, "width_cm"),
        ({"width_cm": 100.0, "dpi": 2400}, "pixels"),
        ({"mm": [float("nan")]}, "millimetres"),
        ({"place": [1, 2]}, "three"),
        ({"what": []}, "nothing to show"),
        ({"what": ["density"]}, "is a plot"),
        ({"view": "plot", "what": ["density", "genes"]}, "A plot shows one thing"),
        ({"planes": []}, "has no plane"),
        ({"mm": list(range(999))}, "999 slices are too many"),
        ({"view": "plot"}, "no plot 'rmse'"),
        ({"planes": ["oblique"]}, "no plane"),
        ({"low": 2.0, "high": 1.0}, "lower number first"),
        ({"colormap": "nope"}, "no colour map"),
    ],
)
def test_wrong_settings_are_said_in_a_sentence(record, words):
    with pytest.raises(UserError, match=words):
        FigureRequest.of_record(record)


def test_a_movie_of_one_picture_is_none():
    with pytest.raises(UserError, match="frames of the movie is 1; choose 2 to"):
        Movie(frames=1)


# imageio's reader leaves the pipes of ffmpeg to the garbage collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", ["a.gif", "a.mp4"])
def test_movies_have_their_pictures_and_gif_goes_round(tmp_path, name):
    import imageio.v2 as imageio

    frames = [np.full((32, 48, 3), 40 * i, np.uint8) for i in range(5)]
    save_movie(iter(frames), tmp_path / name, 20)
    with imageio.get_reader(tmp_path / name) as movie:
        found = [np.asarray(frame)[..., :3] for frame in movie]
    assert len(found) == 5
    assert found[0].shape == (32, 48, 3)
    assert [int(frame.mean()) for frame in found] == pytest.approx([0, 40, 80, 120, 160], abs=4)
    if name.endswith("gif"):
        with Image.open(tmp_path / name) as gif:
            assert (gif.info["loop"], gif.info["duration"]) == (0, 50)


def test_a_movie_that_is_cancelled_leaves_nothing(tmp_path):
    def frames():
        yield np.zeros((32, 32, 3), np.uint8)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_movie(frames(), tmp_path / "a.gif", 20)
    assert not list(tmp_path.iterdir())
