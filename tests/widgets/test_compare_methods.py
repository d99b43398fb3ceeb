"""Dock Compare methods, tab Held-out error, as a person uses it."""

import json
import threading
import time
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from clicking import activate, choose_value, finish, press, run, settle, stand_alone, tick, write
from data import real_expression
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.study import compare
from napari_compressed_transcriptomics.study import compare_workers as module
from napari_compressed_transcriptomics.study.compare import compare_methods
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.compare_methods.dock import CompareMethods

pytestmark = pytest.mark.usefixtures("one_thread", "quick_kernel_pca")


@pytest.fixture
def open_tab(model, qtbot):
    """Return a function that opens the dock and asks for little, in this very process."""

    def open_dock(expression=None, methods=("pca", "nmf"), viewer=model):
        if expression is not None:
            add_expression(viewer, expression)
        if viewer is model:
            dock = stand_alone(CompareMethods(model), qtbot)
        else:
            _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Compare methods")
        form = dock.held_out.form
        for name, box in form.methods.boxes.items():
            box.setChecked(name in methods)
        write(form.sizes, "2 4")
        form.folds.setValue(3)
        form.computing.setChecked(True)
        form.processes.setValue(1)
        settle()
        return dock.held_out

    return open_dock


@pytest.fixture
def fitted(monkeypatch):
    """Count the fits that are made."""
    whole, made = module.score_fit, []

    def counts(fit, *others):
        made.append(fit)
        return whole(fit, *others)

    monkeypatch.setattr(module, "score_fit", counts)
    return made


@pytest.fixture
def held(monkeypatch):
    """Hold all fits after the first fold until this event is set."""
    whole, go_on = module.score_fit, threading.Event()

    def holds(fit, expression, rows, seed, device, report):
        while fit.fold > 1 and not go_on.is_set():
            report(Progress("Waiting", 0, 1))
            time.sleep(0.01)
        return whole(fit, expression, rows, seed, device, report)

    monkeypatch.setattr(module, "score_fit", holds)
    yield go_on
    go_on.set()


def outlook_says(tab, qtbot, words):
    """Wait until the line above the buttons says something: it is found out in a thread."""
    qtbot.waitUntil(lambda: words in tab.outlook.text())


def rows(tab):
    table = tab.table.table
    return [
        [item.text() if (item := table.item(row, column)) else "" for column in range(4)]
        for row in range(table.rowCount())
    ]


def dots(tab):
    """How many scores the figure shows."""
    lines = [line for axes in tab.plot.view.figure.axes for line in axes.lines]
    return sum(len(line.get_ydata()) for line in lines if line.get_marker() == "o")


def test_it_fills_as_folds_finish_cancel_keeps_them_and_a_second_run_goes_on(
    open_tab, brain, held, fitted, qtbot
):
    tab = open_tab(brain)
    outlook_says(tab, qtbot, "12 fits in 1 process")
    press(tab.bar.run)
    qtbot.waitUntil(lambda: dots(tab) == 4)
    assert tab.bar.job is not None  # the second fold waits
    assert [row[0] for row in rows(tab)][1:] == ["PCA", "NMF"]
    assert rows(tab)[0][0].startswith("Blocks of space held out\ntraining from ")
    assert not tab.save.isEnabled()
    press(tab.bar.cancel)
    finish(tab.bar, qtbot)
    assert "Cancelled after 4 of 12 fits" in tab.bar.status.text()
    assert dots(tab) == 4
    assert tab.save.isEnabled()
    outlook_says(tab, qtbot, "8 fits")

    held.set()
    fitted.clear()
    run(tab.bar, qtbot)
    assert tab.bar.status.text() == "Compared."
    assert dots(tab) == 12
    assert len(fitted) == 8
    outlook_says(tab, qtbot, "measured already")
    run(tab.bar, qtbot)
    assert len(fitted) == 8

    request = CompareRequest(brain, ("pca",), (2,), n_folds=3, n_jobs=1)
    scores = compare_methods(request).scores
    rmse, r2 = (np.mean([getattr(score, name) for score in scores]) for name in ("rmse", "r2"))
    assert rows(tab)[1][1] == f"{rmse:.4f}\n{r2:.3f}"


def test_other_seeds_are_compared_anew_and_both_splits_are_shown(open_tab, brain, fitted, qtbot):
    tab = open_tab(brain, ("pca",))
    assert "would give the answer away" in tab.form.why_blocks.text()
    assert tab.form.why_blocks.isVisible()
    tab.form.folds.setValue(2)
    assert tab.form.folds.text() == "2"
    tab.form.folds.setValue(3)
    run(tab.bar, qtbot)
    tab.form.seed.setValue(1)
    outlook_says(tab, qtbot, "6 fits")
    run(tab.bar, qtbot)
    assert len(fitted) == 12
    assert dots(tab) == 6  # those of the other seed are gone
    write(tab.form.buffer, "wide")
    assert "“wide” is not a buffer in mm" in tab.bar.status.text()
    write(tab.form.buffer, "40")
    outlook_says(tab, qtbot, "a buffer of 40.0 mm, as asked for")
    outlook_says(tab, qtbot, "6 fits")  # other folds
    tab.form.buffer.clear()
    choose_value(tab.form.split, "random")
    assert not tab.form.why_blocks.isVisible()
    assert not tab.form.buffer.isVisible()
    run(tab.bar, qtbot)
    assert len(tab.plot.view.figure.axes) == 2
    assert dots(tab) == 12
    for row, split in zip(rows(tab)[::2], ("Blocks of space", "Random samples"), strict=True):
        assert row[0].startswith(f"{split} held out\ntraining from ")


def test_a_folder_is_gone_on_with_by_another_window(open_tab, brain, fitted, qtbot, tmp_path):
    folder = tmp_path / "kept"
    tab = open_tab(brain)
    write(tab.form.folder, str(folder))
    run(tab.bar, qtbot)
    assert tab.bar.status.text() == f"Compared. Kept in {folder}"
    assert len(pd.read_csv(folder / "comparison.csv")) == 12

    tab = open_tab(methods=("pca", "kernel-pca"))
    assert dots(tab) == 12  # what a closed dock has measured stays
    write(tab.form.folder, str(folder))
    fitted.clear()
    run(tab.bar, qtbot)
    assert {fit.method for fit in fitted} == {"kernel-pca"}
    assert dots(tab) == 18
    assert [row[0] for row in rows(tab)][1:] == ["PCA", "NMF", "kernel PCA"]

    tab.form.seed.setValue(1)
    fitted.clear()
    run(tab.bar, qtbot)
    assert "comparison with another seed; choose another folder" in tab.bar.status.text()
    assert not fitted
    assert len(pd.read_csv(folder / "comparison.csv")) == 18


def test_what_was_measured_without_a_folder_is_saved(
    open_tab, brain, fitted, qtbot, tmp_path, answer
):
    tab = open_tab(brain, ("pca",))
    assert not tab.save.isEnabled()
    run(tab.bar, qtbot)
    answer(tmp_path)
    press(tab.save)
    assert tab.bar.status.text() == f"Saved in {tmp_path}"
    assert len(pd.read_csv(tmp_path / "comparison.csv")) == 6
    assert json.loads((tmp_path / "comparison.json").read_text())["complete"] is True
    assert (tmp_path / "comparison.png").exists()

    press(tab.form.browse)
    assert tab.form.folder.text() == str(tmp_path)
    run(tab.bar, qtbot)
    assert len(fitted) == 6


def test_what_cannot_be_is_said_before_it_is_run(open_tab, brain, qtbot, tmp_path):
    tab = open_tab(brain)
    run_button, status = tab.bar.run, tab.bar.status
    write(tab.form.sizes, "2 many")
    assert not run_button.isEnabled()
    assert "“many” is not a number of components" in status.text()
    write(tab.form.sizes, "5000")
    qtbot.waitUntil(lambda: "5000 components are too many" in status.text())
    assert not run_button.isEnabled()
    write(tab.form.sizes, "2")
    qtbot.waitUntil(run_button.isEnabled)
    (tmp_path / "file").write_text("")
    write(tab.form.folder, str(tmp_path / "file"))
    assert not run_button.isEnabled()
    assert "is a file" in status.text()
    tab.form.folder.clear()
    assert run_button.isEnabled()
    for name in ("pca", "nmf"):
        tick(tab.form.methods.boxes[name])
    qtbot.waitUntil(lambda: status.text() == "Choose a method.")
    assert not run_button.isEnabled()


def test_methods_that_cannot_take_part_say_why(open_tab, brain, qtbot):
    log2 = replace(brain, values=brain.values * 10)
    tab = open_tab(log2, ("autoencoder", "pca", "nmf"))
    outlook_says(tab, qtbot, "published autoencoder is left out for k = 2, 4: ")
    boxes = tab.form.methods.boxes
    assert not boxes["autoencoder"].isEnabled()
    assert "values from" in boxes["autoencoder"].toolTip()
    assert not boxes["tsne"].isEnabled()
    assert "cannot reconstruct" in boxes["tsne"].toolTip()
    assert boxes["residual"].isEnabled()
    run(tab.bar, qtbot)
    assert [row[0] for row in rows(tab)][1:] == ["PCA", "NMF"]


@pytest.mark.parametrize(
    ("n", "says"), [(1, "Open an expression volume"), (5, "cannot be made of 5 samples"), (60, "")]
)
def test_data_that_are_too_small_or_do_not_vary(open_tab, brain, qtbot, n, says):
    if n == 1:  # nothing is open
        tab = open_tab()
    else:
        few = brain.subset(np.arange(n))
        tab = open_tab(replace(few, values=np.full_like(few.values, 0.5)))
    if says:
        qtbot.waitUntil(lambda: says in tab.bar.status.text())
        assert not tab.bar.run.isEnabled()
        return
    run(tab.bar, qtbot)
    assert rows(tab)[1][:2] == ["PCA", "0.0000\nnan"]


def test_all_of_it_is_reached_by_the_keyboard(open_tab, brain, viewer, qtbot):
    tab = open_tab(brain, ("pca",), viewer)
    activate(viewer)
    tab.form.methods.boxes["residual"].setFocus()
    seen = []
    for _ in range(30):
        seen.append(QApplication.focusWidget())
        QTest.keyClick(seen[-1], Qt.Key.Key_Tab)
    form, bar = tab.form, tab.bar
    fields = [form.sizes, form.split, form.folds, form.seed, form.folder, form.browse, bar.run]
    places = [seen.index(field) for field in (form.methods.boxes["umap"], *fields)]
    assert places == sorted(places)
    bar.run.setFocus()
    QTest.keyClick(bar.run, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bar.job is None and dots(tab) == 6)


def test_real_regions_in_as_many_processes_as_asked_for(open_tab, qtbot, monkeypatch):
    asked = []

    def in_processes(request, folds, fits, n_jobs, listener):
        asked.append(n_jobs)
        module.one_by_one(request, folds, fits, n_jobs, listener)

    monkeypatch.setattr(compare, "in_processes", in_processes)
    tab = open_tab(real_expression("ahba_schaefer100"))
    tab.form.folds.setValue(2)
    tab.form.processes.setValue(2)
    run(tab.bar, qtbot)
    assert tab.bar.status.text() == "Compared."
    assert asked == [2]
    r2 = {row[0]: float(row[1].split("\n")[1]) for row in rows(tab)[1:]}
    assert 0.3 < r2["NMF"] <= r2["PCA"] < 0.8
