"""The button Save report, as a person uses it."""

import html5lib
import pytest

from clicking import press, run
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.widgets.inspect.dock import InspectReconstruction
from small import compressed
from viewing import add


@pytest.fixture
def dock(make_napari_viewer, small_pictures):
    viewer = make_napari_viewer(show=True)
    dock = InspectReconstruction(viewer)
    viewer.window.add_dock_widget(dock, name="Inspect reconstruction")
    return viewer, dock


def test_a_click_saves_the_page(dock, brain, tmp_path, qtbot, answer):
    viewer, inspect = dock
    bar, path = inspect.report, tmp_path / "it.html"
    assert not bar.run.isEnabled()
    assert bar.status.text() == "Run Compress first."
    result = compressed(brain)
    add(viewer, layers.error_layer(result))
    answer(path)
    run(bar, qtbot)
    assert bar.status.text() == f"Saved {path}"
    page = path.read_text("utf-8")
    html5lib.HTMLParser(strict=True).parse(page)
    assert f"{result.rmse:.4g}" in page
    assert "Errors by region are missing" in page
    assert bar.run.isEnabled()

    labels = viewer.add_labels(
        (viewer.layers[0].data > 0).astype(int) * 3,
        scale=viewer.layers[0].scale,
        translate=viewer.layers[0].translate,
        name="all of it",
    )
    assert inspect.results.result is result
    run(bar, qtbot)
    assert "region 3" in path.read_text("utf-8")
    assert labels in viewer.layers

    answer(tmp_path / "genes.html")
    assert bar.page.isVisible()
    run(bar, qtbot, bar.page)
    assert bar.status.text() == f"Saved {tmp_path / 'genes.html'}"
    assert 'id="arrays"' in (tmp_path / "genes.html").read_text("utf-8")
    assert bar.page.isEnabled()


def test_a_bad_name_is_told_and_nothing_written(dock, brain, tmp_path, told, answer):
    viewer, inspect = dock
    add(viewer, layers.error_layer(compressed(brain)))
    answer(tmp_path / "it.png")
    press(inspect.report.run)
    assert "must end in .html" in told[0].message
    press(inspect.report.page)
    assert "must end in .html" in told[1].message
    answer()
    press(inspect.report.run)
    press(inspect.report.page)
    assert inspect.report.job is None
    assert not list(tmp_path.iterdir())
