"""Docks that check a reconstruction, clicked in the real window on real regions or on voxels.

Inspect reconstruction has `test_inspect_real.py`.
"""

import csv
from dataclasses import replace

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QLabel

from clicking import (
    choose,
    click_at,
    click_on,
    click_row,
    drag,
    press,
    run,
    settle,
    show_tab,
    type_into,
)
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.codecs.models.model_file import save_model
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.reconstruction.training_distance import SIZEABLE
from napari_compressed_transcriptomics.viewer.anatomy.planes import plane_of
from napari_compressed_transcriptomics.viewer.anatomy.shell import NAME
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells.letters import side_letters
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.shared.session import session
from real_window import (
    SYNTHETIC,
    VOXELS,
    compressed,
    expression_of,
    in_slice,
    millimetres,
    open_table,
    regions_of,
)
from viewing import value_at

REGIONS = regions_of("ahba_dk82")  # no dock tells it from the other, in `test_inspect_real`


def back_part(expression):
    """Return the third of the samples that lies at the back."""
    y = expression.parcellation.centroids[:, 1]
    keep = y < np.quantile(y, 0.33)
    new = np.append(0, np.where(keep, np.cumsum(keep), 0)).astype(np.int32)
    parcellation = expression.parcellation
    return keep, replace(
        expression,
        values=expression.values[keep],
        samples=tuple(np.array(expression.samples)[keep]),
        parcellation=Parcellation(new[parcellation.labels], parcellation.affine),
    )


@REGIONS
def test_compress_and_see_what_is_unlike_the_training_data(window, qtbot, tmp_path):
    viewer, expression = window.viewer, expression_of(window.name)
    open_table(window, tmp_path)
    dock = window.dock("Compress")
    choose(dock.codec, "PCA, fitted to this data")
    choose(dock.latent_size, "4")
    press(dock.more)
    press(dock.side_by_side)
    press(dock.show_distance)
    run(dock.bar, qtbot)
    assert "doubt" not in dock.result.text()
    for kind in ("rmse", "latents", "distance"):
        assert len(window.of_kind(kind)) == 1

    keep, part = back_part(expression)
    path = save_model(fit_codec("pca", part, 8, device="cpu"), tmp_path / "back.safetensors")
    choose(dock.codec, "Saved model file")
    type_into(dock.model_path, str(path))
    run(dock.bar, qtbot)
    layer = window.of_kind("distance")[-1]
    novelty = shown(layer).reconstruction.novelty
    outside = shown(layer).values > 1
    assert outside[keep].mean() <= 0.06 < 0.4 < outside[~keep].mean()
    assert f"{novelty.share:.1%} of the brain" in dock.result.text()
    assert ("doubt its latents there" in dock.result.text()) == (novelty.share > SIZEABLE)
    window.see("distance")
    (cell,) = attach(viewer).cells.look().cells
    assert cell.text.captions[0].startswith("distance to training data (above 1: outside)")


def points_of(space):
    """Where all samples' points are on the canvas, in the widget's pixels, shape (n, 2)."""
    components = space.across.currentIndex(), space.up.currentIndex()
    points = space.results.result.latents[:, components]
    x, y = space.plot.figure.axes[0].transData.transform(points).T
    return np.stack([x, space.plot.canvas.height() - y], axis=1)


def selected_voxels(viewer):
    """Where the voxels of the selection are, in RAS mm."""
    layer = viewer.layers["selected samples"]
    return np.argwhere(layer.data)[:, ::-1] * layer.scale[::-1] + layer.translate[::-1]


@VOXELS
def test_latent_space(window, qtbot):
    viewer, result = window.viewer, window.show(compressed(window.name))
    parcellation, shared = result.expression.parcellation, session(viewer)
    error, regions = window.see("rmse"), window.add_regions()
    space = window.dock("Latent space")
    plot, color = space.plot, space.color

    def title():
        settle()
        return "\n".join(text.get_text() for text in plot.figure.texts)

    assert "RMSE over genes" in title()
    gene = result.expression.genes[3]
    choose(color, "Gene, original")
    type_into(color.gene, gene)
    assert f"{gene}, original" in title()
    choose(color, "Gene, reconstructed")
    assert f"{gene}, reconstructed" in title()
    choose(color, regions.name)
    assert regions.features["name"][0][:10] in title()
    choose(color, error.name)
    assert error.name in title()

    choose(space.across, "3")
    settle()
    assert plot.figure.axes[0].get_xlabel() == "component 3"
    places = points_of(space)
    apart = np.square(places[:, None] - places[None]).sum(-1) + np.diag(np.full(len(places), 1e9))
    lone = int(apart.min(1).argmax())
    click_at(plot.canvas, *places[lone])
    assert shared.pick.sample == plot.marked == lone
    assert parcellation.sample_at(viewer.dims.point[-3:][::-1]) == lone
    sample, place = in_slice(parcellation, viewer.dims.point[-3], but=lone)
    click_on(viewer, error, place)
    assert shared.pick.sample == plot.marked == sample

    def lasso(low, high):
        """Drag a box from one corner to the other; return which points lie in it."""
        (left, top), (right, bottom) = np.rint(low).astype(int), np.rint(high).astype(int)
        drag(plot.canvas, [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
        return ((places > (left, top)) & (places < (right, bottom))).all(1)

    middle = np.round(np.median(places[:, 0])) + 0.5
    for low, high in (
        (places[lone] - 3, places[lone] + 3),
        ((1, 1), (middle, plot.canvas.height() - 2)),
    ):
        inside = lasso(low, high)
        assert 0 < inside.sum() < len(inside)
        np.testing.assert_array_equal(plot.selected, inside)
        assert f"{inside.sum():,} of {len(inside):,} samples selected" in space.status.text()
        voxels = np.argwhere(np.append(False, inside)[parcellation.labels])
        expected, found = millimetres(voxels, parcellation.affine), selected_voxels(viewer)
        assert len(found) == len(expected)
        np.testing.assert_allclose(found.mean(0), expected.mean(0), atol=1e-3)  # x: left, right
    QTest.keyClick(plot.canvas, Qt.Key.Key_Escape)
    assert "selected samples" not in viewer.layers


@REGIONS
def test_components(window, qtbot, tmp_path, answer):
    viewer, result = window.viewer, window.show(compressed(window.name), latents=True, error=False)
    parcellation = result.expression.parcellation
    dock = window.dock("Components")
    change = show_tab(dock.tabs, "Change")

    def bars():
        return [len(axes.patches) for axes in change.view.figure.axes]

    slider = change.sliders.sliders[0]
    before = [label.text() for label in change.sliders.findChildren(QLabel)]
    QTest.keyClick(slider, Qt.Key.Key_PageUp)
    qtbot.waitUntil(lambda: bars() == [20])
    assert [label.text() for label in change.sliders.findChildren(QLabel)] != before
    press(change.reset)
    assert bars() == []
    choose(change.start, "Sample clicked")
    assert "Click a sample" in change.where.text()
    viewer.dims.set_point(viewer.dims.ndim - 3, parcellation.centroids[0][2])
    stack = window.see("latents")
    z = viewer.dims.point[-3]
    sample, place = in_slice(parcellation, z, but=0)
    click_on(viewer, stack, place)
    assert result.expression.samples[sample] in change.where.text()
    np.testing.assert_allclose(change.sliders.latents, result.latents[sample], rtol=1e-6)

    table = show_tab(dock.tabs, "Genes")
    run(table.bar, qtbot)
    QTest.keyClick(table.component, Qt.Key.Key_Up)
    assert table.component.value() == 2
    click_row(table.table.table, 0)
    gene = table.table.model.gene(0)
    assert shown(window.of_kind("expression")[0]).gene == gene
    path = answer(tmp_path / "genes.csv")
    press(table.save)
    with path.open(encoding="utf-8") as file:
        rows = [row for row in csv.reader(file) if not row[0].startswith("#")]
    assert len(rows) == 1 + result.expression.n_genes
    assert gene in {row[0] for row in rows}

    colours = show_tab(dock.tabs, "Colours")
    choose(colours.colors[2], "none")
    press(colours.add)
    (composite,) = window.of_kind("composite")
    red, green, blue, alpha = value_at(composite, place)
    assert (blue, alpha) == (0, 255)
    for found, component in ((red, 0), (green, 1)):
        low, high = np.percentile(result.latents[:, component], [1, 99])
        expected = (result.latents[sample, component] - low) / (high - low)
        assert found / 255 == pytest.approx(np.clip(expected, 0, 1), abs=0.01)


@REGIONS
def test_two_results_and_moving_about(window, qtbot):
    small, large = compressed(window.name, 2), compressed(window.name, 8)
    viewer, result = window.viewer, window.show(small, large)
    parcellation, shared = result.expression.parcellation, session(viewer)
    if window.name == SYNTHETIC:
        window.add_regions()
    dock = window.dock("Compare two results")
    two = large.rmse_samples - small.rmse_samples
    qtbot.waitUntil(lambda: dock.by_region.model.rowCount() > 2)
    click_row(dock.by_region.table, 1)
    regions, name = dock.choice.regions(small), dock.by_region.model.gene(1)
    inside = np.flatnonzero(regions.of_sample == regions.unique_names.index(name))
    assert shared.pick.sample == inside[np.abs(two[inside]).argmax()]
    assert parcellation.sample_at(viewer.dims.point[-3:][::-1]) == shared.pick.sample
    show_tab(dock.tabs, "By gene")
    click_row(dock.by_gene.table, 1)
    assert shown(window.of_kind("expression")[0]).gene == dock.by_gene.model.gene(1)
    press(dock.show_layer)
    (layer,) = window.of_kind("error_difference")
    for side in (-1, 1):
        place = shared.pick.position * (side, 1, 1)
        if (sample := parcellation.sample_at(place)) is not None:
            assert value_at(layer, place) == pytest.approx(two[sample], abs=1e-6)

    view = window.dock("Brain view")
    for plane, ends in (("coronal", "LRSI"), ("sagittal", "PASI"), ("axial", "LRAP")):
        press(view.views[plane])
        assert plane_of(viewer) == plane
        assert "".join(side_letters(viewer).values()) == ends
    goal = millimetres(np.argwhere(parcellation.labels == 1)[0], parcellation.affine)
    for axis, value in zip("xyz", goal, strict=True):
        type_into(view.place[axis], f"{value:.1f}")
    np.testing.assert_allclose(viewer.dims.point[-3:][::-1], goal, atol=0.06)
    press(view.side_by_side)
    assert viewer.canvas.grid.enabled
    press(view.side_by_side)
    assert not viewer.canvas.grid.enabled
    press(view.views["3d"])
    assert viewer.layers[NAME].visible
    assert "".join(side_letters(viewer).values()) == "LRSI"
    press(view.shell)
    assert not viewer.layers[NAME].visible
    viewer.theme = "light"
    settle()
    assert viewer.screenshot(flash=False)[..., :3].std() > 5  # something is drawn
