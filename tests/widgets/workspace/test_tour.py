"""The main dock in the real window: the whole way, what is missing, sizes, docks beside others."""

import threading

import numpy as np
import pytest
from qtpy.QtWidgets import QDockWidget, QScrollArea, QTabWidget

from clicking import choose_value, end_threads, finish, press, run, settle, show_tab
from data import TABLES, real_table
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.reconstruction.difference import compare_results
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets import compress as compress_dock
from napari_compressed_transcriptomics.widgets.shared.session import session
from napari_compressed_transcriptomics.widgets.workspace.pages import STEPS
from small import compressed

MAIN = "Compressed Transcriptomics"


@pytest.fixture
def viewer(make_napari_viewer):
    made = make_napari_viewer(show=True)
    made.window.resize(1024, 700)
    return made


@pytest.fixture
def main(viewer):
    _, made = viewer.window.add_plugin_dock_widget(PLUGIN, MAIN)
    settle()
    return made


def page(main):
    return main.stack.currentWidget()


def kinds(viewer):
    return [shown(layer).kind for layer in viewer.layers if shown(layer)]


def test_each_page_says_what_it_lacks_and_leads_there(main, viewer, brain):
    press(main.steps["Check"])
    assert page(main) is main.missing
    assert "needs expression data" in main.missing.words.text()
    assert main.missing.sample.isVisible()
    add_expression(viewer, brain)
    assert "there is none yet" in main.missing.words.text()
    assert not main.missing.sample.isVisible()
    press(main.missing.compress)
    assert isinstance(page(main), compress_dock.Compress)
    assert page(main).bar.run.isEnabled()


def test_the_whole_way_on_the_synthetic_brain(main, viewer, qtbot):
    work = session(viewer).work
    press(page(main).samples["synthetic_brain"])
    assert "3,612 voxels × 512 genes" in page(main).about.text()

    compress = main.show_page("Compress")
    choose_value(compress.codec, "pca")
    choose_value(compress.latent_size, 4)
    press(main.steps["Data"])
    press(page(main).compress)  # the first latent map: two clicks
    assert page(main) is compress
    finish(compress.bar, qtbot)
    assert kinds(viewer) == ["expression", "rmse", "latents"]

    press(main.steps["Check"])
    assert "on the data it was fitted to" in page(main).tabs.currentWidget().summary.text()
    press(page(main).tabs.currentWidget().worst)
    worst = session(viewer).pick.sample
    assert work.current_result.rmse_samples[worst] == work.current_result.rmse_samples.max()
    press(show_tab(page(main).tabs, "Overall").held_out)  # the way to the held-out error
    assert page(main).held_out.isChecked()
    page(main).held_out.setChecked(False)

    press(main.steps["Explain"])
    assert page(main).change.sliders is not None
    main.show_page("Latent space")
    assert page(main).across.count() == 4

    choose_value(main.show_page("Compress").codec, "model")
    press(main.steps["Compare"])
    assert "PCA itself" in page(main).with_pca.status.text()

    press(main.steps["Predict"])
    assert [box.text() for box in page(main).results.boxes] == ["PCA k=4"]


def test_compare_with_pca_is_one_click(main, viewer, brain, qtbot):
    add_expression(viewer, brain)
    compress = main.show_page("Compress")
    choose_value(compress.codec, "residual")
    choose_value(compress.latent_size, 2)
    shorter = compress_dock.CompressRequest
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            compress_dock, "CompressRequest", lambda **given: shorter(**given, max_epochs=2)
        )
        run(compress.bar, qtbot)
    press(main.steps["Compare"])
    two = page(main)
    run(two.with_pca, qtbot)
    press(two.with_pca.run)  # again: PCA is there already
    assert len(session(viewer).work.results) == 2
    assert (two.first.result.codec.id, two.second.result.codec.id) == ("pca", "residual")
    seen = [layer for layer in viewer.layers if layer.visible]
    assert [shown(layer).kind for layer in seen] == ["rmse", "rmse", "error_difference"]
    assert shown(seen[0]).reconstruction is two.first.result
    expected = compare_results(two.first.result, two.second.result)
    np.testing.assert_array_equal(shown(seen[2]).values, expected.difference)
    assert "on the data fitted to" in two.summary.text()
    press(two.held_out)
    assert page(main).held_out.bar.run.text() == "&Compare"


def test_pages_are_low_and_narrow_and_made_when_first_shown(main, viewer, brain):
    """They leave a window its size, whatever stands in them."""
    assert list(main._pages) == ["Open data"]
    add_expression(viewer, brain)
    compress_dock.add_result(viewer, compressed(brain, 2), compress_dock.Outputs())
    press(main.show_page("Inspect reconstruction").tabs.widget(0).worst)
    window = viewer.window._qt_window
    for name, made in all_tabs(main):
        settle(1)
        needed = made.minimumSizeHint()
        assert needed.height() <= 400, name
        assert needed.width() <= 350, name
        assert (window.width(), window.height()) == (1024, 700), name
        areas = [area for area in made.findChildren(QScrollArea) if area.isVisible()]
        sideways = [area.horizontalScrollBar().maximum() for area in areas]
        assert not any(sideways), name
    assert main.minimumSizeHint().height() <= 400


def all_tabs(main):
    """Show one page after the other, and on each one tab after the other."""
    for name in (one.name for pages in STEPS.values() for one in pages):
        made = main.show_page(name)
        yield name, made
        for tabs in made.findChildren(QTabWidget):
            for tab in range(tabs.count()):
                tabs.setCurrentIndex(tab)
                yield name, made


def test_docks_are_tabbed_and_a_page_is_torn_off(main, viewer, brain, qtbot):
    add_expression(viewer, brain)
    main.show_page("Choose gene")
    press(main.tear_off)
    for name in ("Compress", "Brain view"):
        _, last = viewer.window.add_plugin_dock_widget(PLUGIN, name)
    settle()
    window = viewer.window._qt_window
    mine = main.parent()
    assert isinstance(mine, QDockWidget)
    assert len(window.tabifiedDockWidgets(mine)) == 3
    qtbot.waitUntil(lambda: main.visibleRegion().isEmpty())  # the newest is in front
    assert not last.visibleRegion().isEmpty()
    assert window.height() <= 700


def test_closing_ends_what_runs_and_loses_nothing_that_is_done(
    main, viewer, brain, qtbot, monkeypatch, told
):
    """What was compressed is there in the next dock; what still ran comes no more."""
    add_expression(viewer, brain)
    compress = main.show_page("Compress")
    choose_value(compress.codec, "pca")
    choose_value(compress.latent_size, 2)
    run(compress.bar, qtbot)
    before, closed, ended = list(viewer.layers), threading.Event(), threading.Event()
    really = compress_dock.compress

    def slow(request, report):
        try:
            closed.wait(20)
            report(Progress("Training", 0, 1))
            return really(request, report=report)
        finally:
            ended.set()

    monkeypatch.setattr(compress_dock, "compress", slow)
    press(compress.bar.run)
    viewer.window.remove_dock_widget(main)
    closed.set()
    qtbot.waitUntil(ended.is_set)
    end_threads()
    assert list(viewer.layers) == before
    assert any("Compress: stopped" in notice.message for notice in told)
    _, again = viewer.window.add_plugin_dock_widget(PLUGIN, MAIN)
    assert again.results.result is session(viewer).work.results[0]


def test_a_failed_save_says_its_sentence(viewer, told, tmp_path):
    viewer.add_image(np.zeros((3, 4, 5)), name="plain")
    with pytest.raises(RuntimeError, match="“plain” has no samples"):
        viewer.layers.save(str(tmp_path / "plain.csv"), plugin=PLUGIN)


def test_a_dropped_table_leads_to_its_page(main, viewer, tmp_path):
    from napari_compressed_transcriptomics.widgets.open_data.table import OpenTable

    genes = ",".join(f"GENE{i}" for i in range(12))
    row = ",".join(map(str, range(12)))
    (tmp_path / "table.csv").write_text(f"id,{genes}\n1,{row}\n2,{row}\n")
    assert viewer.open(tmp_path / "table.csv", plugin=PLUGIN) == []
    assert isinstance(page(main), OpenTable)
    assert page(main).preview.text().startswith("table.csv needs an atlas")


def test_a_real_table_goes_the_whole_way(main, viewer, tmp_path, qtbot):
    viewer.open(real_table(tmp_path, *TABLES["ahba_dk82"]), plugin=PLUGIN)
    assert "regions ×" in page(main).about.text()
    compress = main.show_page("Compress")
    choose_value(compress.codec, "pca")
    run(compress.bar, qtbot)
    inspect = main.show_page("Inspect reconstruction")
    press(inspect.tabs.currentWidget().worst)
    result = session(viewer).work.current_result
    assert session(viewer).pick.sample == result.rmse_samples.argmax()
