"""The tab Latents, used as a person does: show, cancel, scatter, open published ones, measure."""

import time

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from clicking import activate, finish, press, run, settle, tick
from data import real_data
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core.progress import Progress
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain, synthetic_regions
from napari_compressed_transcriptomics.io import Volume, read_volume
from napari_compressed_transcriptomics.study import latents_of_methods
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.method_layers import grid_shape, shown_components
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.viewer.window import notices
from napari_compressed_transcriptomics.widgets.compare_methods import latents_tab as module
from napari_compressed_transcriptomics.widgets.compare_methods.latents_tab import LatentsTab
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from viewing import add, value_at

pytestmark = pytest.mark.usefixtures("quick_kernel_pca")


@pytest.fixture(scope="module")
def brain():
    return synthetic_brain(voxel_mm=16, n_genes=24)


@pytest.fixture(scope="module")
def lobes(brain):
    """Six regions of many voxels each, as a label volume."""
    parts = synthetic_regions(brain, 6).parcellation
    names = {i: f"lobe {i}" for i in range(1, parts.n_samples + 1)}
    return Volume(parts.labels, parts.affine, "labels", "lobes", None, names=names)


@pytest.fixture
def tab(model, brain, qtbot):
    add_expression(model, brain)
    made = LatentsTab(model, LayerChoice(model))
    made._chosen.setParent(made)
    qtbot.addWidget(made)
    made.resize(360, 900)
    made.show()
    choose(made, "pca", "kernel-pca")
    return made


def choose(tab, *methods):
    for name, box in tab.methods.boxes.items():
        if box.isChecked() != (name in methods):
            tick(box)
    assert tab.methods.methods == methods


def published(folder, brain, methods=("pca", "umap"), voxel=16.0):
    """Write maps of x and y in mm for each method, around a background that is not 0."""
    x, y, _ = brain.parcellation.centroids.T
    paths = []
    for method in methods:
        for number, values in enumerate((x / 200 + 0.5, y / 300 + 0.5)):
            volume = np.nan_to_num(brain.parcellation.paint(values), nan=0.27)
            path = folder / f"abagen_{method}{number}_{voxel:g}mm.nii.gz"
            nib.save(nib.Nifti1Image(volume, brain.parcellation.affine), path)
            paths.append(str(path))
    return paths


def open_files(tab, answer, paths):
    answer(*paths)
    press(tab.open)


def names(layers):
    return [layer.name for layer in layers]


def test_a_click_shows_a_layer_a_component_beside_each_other(tab, model, brain, qtbot):
    run(tab.bar, qtbot)
    assert names(model.layers[1:]) == ["PCA 1", "PCA 2", "kernel PCA 1", "kernel PCA 2"]
    assert not model.layers[0].visible
    assert all(layer.visible for layer in model.layers[1:])
    assert model.canvas.grid.enabled
    assert model.canvas.grid.actual_shape(model.layers) == (2, 2)  # a row per method
    latents = fit_codec("pca", brain, 2, device="cpu").encode(brain.values)
    np.testing.assert_array_equal(shown(model.layers[2]).values, latents[:, 1])
    for layer in model.layers[1:]:
        low, high = layer.contrast_limits
        assert (low + high) / 2 == pytest.approx(shown(layer).values.mean(), abs=1e-4)
    assert len({tuple(layer.contrast_limits) for layer in model.layers[1:]}) == 4
    assert "sign of a component is arbitrary" in tab.note.text()


def test_what_is_shown_stays_and_only_new_methods_are_fitted(tab, model, qtbot, monkeypatch):
    run(tab.bar, qtbot)
    before = list(model.layers)
    requests, real = [], module.fit_latents

    def fit_latents(request, report):
        requests.append(request)
        return real(request, report)

    monkeypatch.setattr(module, "fit_latents", fit_latents)
    choose(tab, "pca", "tsne")
    run(tab.bar, qtbot)
    assert {one.name for one in requests[0].known} == {"pca", "kernel-pca"}
    assert names(model.layers[1:]) == ["PCA 1", "PCA 2", "t-SNE 1", "t-SNE 2"]
    assert list(model.layers[:3]) == before[:3]
    tab.seed.setValue(1)
    run(tab.bar, qtbot)
    assert requests[1].known == ()


def test_cancel_keeps_the_methods_done(tab, model, qtbot, monkeypatch):
    real = latents_of_methods.fit_and_encode

    def holds(expression, method, *settings):
        while method == "tsne":
            settings[-1](Progress("t-SNE", 0, 1))  # the report
            time.sleep(0.005)
        return real(expression, method, *settings)

    monkeypatch.setattr(latents_of_methods, "fit_and_encode", holds)
    choose(tab, "pca", "tsne")
    press(tab.bar.run)
    qtbot.waitUntil(lambda: tab.bar.status.text().startswith("t-SNE"))
    assert not tab.scatter.isEnabled()
    assert not tab.open.isEnabled()
    press(tab.bar.cancel)
    finish(tab.bar, qtbot)
    assert names(model.layers[1:]) == ["PCA 1", "PCA 2"]
    assert "Cancelled after 1 of 2 fits" in tab.note.text()
    assert tab.scatter.isEnabled()


def test_one_click_fits_and_draws_the_scatter_plots(tab, model, lobes, qtbot, tmp_path, answer):
    add(model, _layers.volume_layer(lobes))
    run(tab.bar, qtbot, tab.scatter)
    window = tab.scatters
    assert window.isVisible()
    figure = window.section.view.figure
    panels = [axes for axes in figure.axes if axes.get_title()]
    assert [axes.get_title() for axes in panels] == ["PCA", "kernel PCA"]
    latents = tab._fitted[0].values
    drawn = panels[0].collections[0].get_offsets()
    assert sorted(map(tuple, np.asarray(drawn))) == sorted(map(tuple, latents))
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert set(legend) <= set(lobes.names.values())
    assert "sign of each component is arbitrary" in figure.get_supxlabel()

    press(tab.scatter)  # there already: nothing is fitted again
    assert tab.bar.job is None

    window.color.setCurrentIndex(0)
    qtbot.waitUntil(lambda: "symbol" in window.section.note.text())
    QTest.keyClicks(window.color.gene, "syn0003")
    QTest.keyClick(window.color.gene, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: len(figure.axes) == 3)  # with a colour bar
    assert figure.axes[2].get_ylabel() == "SYN0003, expression"
    window.color.choose(next(layer for layer in model.layers if layer.name == "PCA 2"))
    qtbot.waitUntil(lambda: figure.axes[2].get_ylabel() == "PCA 2")
    for ending in ("png", "svg"):
        path = answer(tmp_path / f"scatter.{ending}")
        press(window.section.save)
        assert path.stat().st_size > 10_000
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isVisible()


def test_published_latents_stand_beside_own_ones(tab, model, brain, qtbot, tmp_path, answer):
    run(tab.bar, qtbot)
    own = list(model.layers[1:])
    open_files(tab, answer, published(tmp_path, brain))
    assert list(model.layers[1:5]) == own
    assert names(model.layers[5:]) == [
        "abagen PCA 1",
        "abagen PCA 2",
        "abagen UMAP 1",
        "abagen UMAP 2",
    ]
    for x in (-40.0, 40.0):  # the map of x is low on the left
        voxel = brain.parcellation.centroids[brain.parcellation.sample_at([x, -20, 20])]
        assert value_at(model.layers[5], voxel) == pytest.approx(voxel[0] / 200 + 0.5)
    outside = [0.0, 90, 70]
    assert np.isnan(value_at(model.layers[5], outside))
    press(tab.scatter)
    axes = tab.scatters.section.view.figure.axes
    assert [a.get_title() for a in axes[:4]] == ["PCA", "kernel PCA", "abagen PCA", "abagen UMAP"]


def test_opened_alone_they_are_shown_and_bad_files_change_nothing(
    model, brain, qtbot, tmp_path, monkeypatch, answer
):
    tab = LatentsTab(model, LayerChoice(model))
    qtbot.addWidget(tab)
    assert not tab.bar.run.isEnabled()
    assert not tab.scatter.isEnabled()
    assert "Open an expression" in tab.bar.status.text()
    open_files(tab, answer, published(tmp_path, brain)[:3])
    assert names(model.layers) == ["abagen PCA 1", "abagen PCA 2", "abagen UMAP 1"]
    press(tab.scatter)
    assert "single component, so not shown: abagen UMAP" in tab.scatters.section.note.text()
    said = []
    monkeypatch.setattr(notices, "report", said.append)
    (tmp_path / "abagen_pca0_1mm.nii.gz").write_bytes(b"nothing")
    before = list(model.layers)
    open_files(tab, answer, [tmp_path / "abagen_pca0_1mm.nii.gz"])
    assert "abagen_pca0_1mm.nii.gz" in str(said[0])
    assert list(model.layers) == before


def test_coherence_of_what_is_shown(tab, model, lobes, qtbot, tmp_path, answer):
    section = tab.coherence
    assert "Show or open latents first" in section.bar.status.text()
    run(tab.bar, qtbot)
    assert "take about" in section.bar.status.text()
    section.permutations.setValue(19)
    run(section.bar, qtbot)
    assert "no regions were given" in section.plot.note.text()
    assert section.table.rowCount() == 2 * 2 * 2
    add(model, _layers.volume_layer(lobes))
    run(section.bar, qtbot)
    assert section.table.rowCount() == 2 * (3 * 2 + 1)
    columns = range(section.table.columnCount())
    assert [section.table.item(0, c).text() for c in columns][:4] == ["pca", "2", "1", "regions"]
    assert section.compartments.layer is None  # lobes are regions, not compartments
    assert "does not tell cortex from subcortex" in section.plot.note.text()
    p = {section.table.item(row, 3).text(): section.table.item(row, 5).text() for row in range(14)}
    assert p.pop("regions")
    assert p == {"moran": "", "symmetry": ""}
    titles = [axes.get_title() for axes in section.plot.view.figure.axes]
    assert titles[0] == "variance explained by regions"
    answer(tmp_path)
    press(section.save)
    table = pd.read_csv(tmp_path / "coherence.csv")
    assert len(table) == section.table.rowCount()
    assert float(section.table.item(0, 4).text()) == pytest.approx(table["value"][0], abs=1e-3)


def test_methods_that_cannot_be_had_say_why(tab, qtbot):
    tab.components.setValue(40)
    qtbot.waitUntil(lambda: not tab.methods.boxes["pca"].isEnabled())
    assert "too many for 24 genes" in tab.methods.boxes["pca"].toolTip()
    assert not tab.bar.run.isEnabled()
    tab.components.setValue(2)
    qtbot.waitUntil(lambda: tab.bar.run.isEnabled())


def test_by_keyboard_alone_in_the_real_window(make_napari_viewer, brain, qtbot):
    viewer = make_napari_viewer(show=True)
    add_expression(viewer, brain)
    _, dock = viewer.window.add_plugin_dock_widget(PLUGIN, "Compare methods")
    tab = dock.latents
    dock.tabs.setCurrentWidget(tab)
    choose(tab, "pca")
    run_button = tab.bar.run  # what can be fitted is found out in a thread
    qtbot.waitUntil(lambda: run_button.isVisible() and run_button.isEnabled())
    activate(viewer)
    tab.seed.setFocus()
    QTest.keyClick(tab.seed, Qt.Key.Key_A, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: len(viewer.layers) == 3 and tab.bar.job is None)
    assert tab.width() < 420
    settle()


@pytest.mark.parametrize(
    ("counts", "shape"),
    [
        ([2], (1, 2)),
        ([2] * 3, (3, 2)),
        ([2] * 5, (3, 4)),
        ([2] * 6, (3, 4)),
        ([2] * 12, (4, 6)),
        ([8] * 4, (4, 8)),
        ([3, 1], (2, 3)),
    ],
)
def test_cells_are_large_and_hold_a_method_together(counts, shape):
    assert grid_shape(counts) == shape


def test_not_more_layers_than_the_viewer_can_take():
    assert shown_components([2, 2]) == 2
    assert shown_components([64]) == 8
    assert shown_components([16] * 6) == 6
    assert shown_components([2] * 40) == 1


def test_real_published_latents_lie_where_they_should(model, qtbot, answer):
    """Left is left: a voxel's value stands at its place in mm, and not at its mirror image."""
    own = synthetic_brain(n_genes=8)
    add_expression(model, own)
    tab = LatentsTab(model, LayerChoice(model))
    qtbot.addWidget(tab)
    choose(tab, "pca")
    run(tab.bar, qtbot)
    paths = [real_data(f"latents/abagen_ae{i}_8mm.nii.gz") for i in (0, 1)]
    open_files(tab, answer, paths)
    assert names(model.layers[1:]) == ["PCA 1", "PCA 2", "abagen AE 1", "abagen AE 2"]
    for layer, path in zip(model.layers[3:], paths, strict=True):
        image = nib.load(path)
        volume = image.get_fdata(dtype=np.float32)
        for mm in ([-52.0, -20, 18], [52.0, -20, 18], [-36.0, 51, 1], [44.0, -69, 26]):
            voxel = np.rint(np.linalg.solve(image.affine, [*mm, 1])[:3]).astype(int)
            value = volume[tuple(voxel)]
            assert value_at(layer, mm) == value
            mirrored = [-mm[0], *mm[1:]]
            assert value_at(layer, mirrored) != value
        assert np.isnan(value_at(layer, [0.0, 90, 80]))
    # the same grid, so the cells show the same places
    np.testing.assert_allclose(model.layers[1].scale, model.layers[3].scale)
    np.testing.assert_allclose(model.layers[1].translate, model.layers[3].translate)
    assert read_volume(paths[0]).background != 0
