"""The three tabs of Inspect reconstruction, clicked in the real window, on regions or voxels."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from clicking import (
    activate,
    click_at,
    click_header,
    click_on,
    click_row,
    press,
    run,
    settle,
    show_tab,
)
from napari_compressed_transcriptomics.figures.plots import worst_first
from napari_compressed_transcriptomics.reconstruction.sample_profile import samples_by_error
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.widgets.shared.session import session
from real_window import VOXELS, compressed, in_slice, millimetres, regions_of
from viewing import value_at

REGIONS = regions_of("ahba_schaefer100")  # no dock tells it from the other, in `test_check_real`


@VOXELS
def test_overall_and_report(window, qtbot, tmp_path, small_pictures, answer):
    viewer, result = window.viewer, window.show(compressed(window.name, 2))
    inspect = window.dock("Inspect reconstruction")
    window.add_regions()  # is chosen at once
    overall = show_tab(inspect.tabs, "Overall")
    dots, choice = overall.by_region.dots, overall.by_region.choice
    qtbot.waitUntil(lambda: bool(overall.density.view.figure.axes))
    qtbot.waitUntil(lambda: bool(dots.figure.axes))
    assert f"RMSE {result.rmse:.4f}" in overall.summary.text()
    assert sum(bar.get_height() for bar in overall.histogram.view.figure.axes[0].patches) == (
        result.expression.n_samples
    )

    regions = choice.regions(result)
    worst = worst_first(regions.root_mean_square(result.rmse_samples))
    for row in (2, 0):
        inside = np.flatnonzero(regions.of_sample == worst[row])
        sample = inside[result.rmse_samples[inside].argmax()]
        click_at(dots.canvas, 60, dots.middle_of(row))
        assert session(viewer).pick.sample == sample
        np.testing.assert_allclose(viewer.dims.point[-3:][::-1], session(viewer).pick.position)
        assert result.expression.parcellation.sample_at(viewer.dims.point[-3:][::-1]) == sample
        assert dots.marked == row
    QTest.keyClick(dots.canvas, Qt.Key.Key_Down)
    assert dots.marked == 1

    page = answer(tmp_path / "report.html")
    run(inspect.report, qtbot)
    text = page.read_text("utf-8").replace("<wbr>", "")  # long names may break
    assert result.expression.genes[int(result.rmse_genes.argmax())] in text
    assert regions.names[worst[0]] in text


@REGIONS
def test_genes(window, qtbot):
    viewer, result = window.viewer, window.show(compressed(window.name))
    tab = show_tab(window.dock("Inspect reconstruction").tabs, "Genes")
    table, model, genes = tab.genes.table, tab.genes.model, result.expression.genes

    def wait_for(gene):
        """Wait until the three layers show a gene, and look at their limits and values."""
        kinds = ("original", "reconstructed", "difference")
        shows = [gene] * 3
        qtbot.waitUntil(
            lambda: [shown(x).gene for kind in kinds for x in window.of_kind(kind)] == shows
        )
        settle()
        original, reconstructed, difference = (window.of_kind(kind)[0] for kind in kinds)
        values = result.expression.values[:, genes.index(gene)]
        assert original.contrast_limits == reconstructed.contrast_limits
        np.testing.assert_allclose(
            original.contrast_limits, np.percentile(values, [1, 99]), rtol=1e-6
        )
        low, high = difference.contrast_limits
        assert low == pytest.approx(-high)
        assert high >= np.percentile(np.abs(result.gene(gene) - values), 80)
        parcellation = result.expression.parcellation
        mm = millimetres(np.argwhere(parcellation.labels)[::5000], parcellation.affine)
        for place in mm:
            sample = parcellation.sample_at(place)
            expected = values[sample], result.gene(gene)[sample]
            found = value_at(original, place), value_at(reconstructed, place)
            assert found == pytest.approx(expected, abs=1e-6)
            assert value_at(difference, place) == pytest.approx(found[1] - found[0], abs=1e-6)

    assert model.gene(0) == genes[int(result.rmse_genes.argmax())]
    click_header(table, 2)
    column = [float(model.index(row, 2).data()) for row in range(model.rowCount())]
    assert column in (sorted(column), sorted(column, reverse=True))
    click_row(table, 0)
    wait_for(model.gene(0))
    assert viewer.canvas.grid.enabled
    QTest.keyClick(table, Qt.Key.Key_Down)
    wait_for(model.gene(1))

    wanted = genes[len(genes) // 2]
    QTest.keyClicks(tab.genes.search, wanted.lower())
    assert all(wanted.lower() in model.gene(row).lower() for row in range(model.rowCount()))
    QTest.keyClick(tab.genes.search, Qt.Key.Key_Return)
    wait_for(wanted)
    press(tab.back)
    assert not viewer.canvas.grid.enabled
    assert not window.of_kind("original")[0].visible
    assert window.of_kind("rmse")[0].visible


@REGIONS
def test_samples(window):
    viewer, result = window.viewer, window.show(compressed(window.name, 2), latents=True)
    tab = show_tab(window.dock("Inspect reconstruction").tabs, "Sample")
    shared, order = session(viewer), samples_by_error(result)
    parcellation = result.expression.parcellation
    press(tab.worst)
    activate(viewer)
    for rank in (1, 2):
        assert shared.pick.sample == order[rank - 1]
        assert f"rank {rank} of {result.expression.n_samples:,}" in tab.facts.text()
        QTest.keyClick(
            viewer.window._qt_window, Qt.Key.Key_PageDown, Qt.KeyboardModifier.AltModifier
        )

    error = window.see("rmse")
    sample, place = in_slice(parcellation, viewer.dims.point[-3], but=shared.pick.sample)
    click_on(viewer, error, place)
    told = tab.facts.text()
    assert shared.pick.sample == sample
    np.testing.assert_allclose(shared.pick.position, place)
    assert result.expression.samples[sample] in told
    assert f"x {place[0]:.1f}, y {place[1]:.1f}, z {place[2]:.1f} mm" in told
    assert f"RMSE {result.rmse_samples[sample]:.4f}" in told
    assert len(tab.profile.view.figure.axes[0].texts) == 10  # the worst genes by name
    bars = [bar.get_height() for bar in tab.latents.view.figure.axes[0].patches]
    np.testing.assert_allclose(bars, result.latents[sample], rtol=1e-5)
    np.testing.assert_allclose(attach(viewer).cells.wanted.marked[0][::-1], place, atol=1e-6)

    stack = window.see("latents")
    press(tab.worst)
    viewer.dims.set_point(viewer.dims.ndim - 3, place[2])
    click_on(viewer, stack, place)
    assert tab.facts.text() == told
    window.show(result, latents=True, separate=True, error=False)
    press(tab.worst)
    first = window.see("component")
    viewer.dims.set_point(viewer.dims.ndim - 3, place[2])
    click_on(viewer, first, place)
    assert tab.facts.text() == told

    error = window.see("rmse")
    window.turn()
    worst = int(order[0])
    voxels = np.argwhere(parcellation.labels == worst + 1)
    middle = millimetres(voxels[len(voxels) // 2], parcellation.affine)
    error.rendering = "mip"  # which the user may choose
    click_on(viewer, error, middle)
    assert shared.pick.sample == worst  # the brightest on the ray
