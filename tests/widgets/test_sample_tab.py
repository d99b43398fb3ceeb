"""Tab Sample: what is clicked in the brain is shown; buttons and keys walk by error."""

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest

from clicking import activate, click_on, press, settle, stand_alone
from data import TABLES, real_data, real_expression
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.io import read_volume
from napari_compressed_transcriptomics.reconstruction.sample_profile import samples_by_error
from napari_compressed_transcriptomics.reconstruction.summary import IN_SAMPLE
from napari_compressed_transcriptomics.viewer import brain_view, layers
from napari_compressed_transcriptomics.widgets.inspect.sample_tab import SampleTab
from napari_compressed_transcriptomics.widgets.shared.result_choice import ResultChoice
from napari_compressed_transcriptomics.widgets.shared.session import session
from small import compressed
from viewing import add


@pytest.fixture(scope="module")
def result(brain):
    return compressed(brain, 4)


@pytest.fixture(scope="module")
def other():
    """A result on other data."""
    return compressed(synthetic_brain(seed=1, voxel_mm=24, n_genes=20))


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    brain_view.attach(viewer)
    return viewer


def open_tab(viewer, qtbot=None):
    """Open the tab in the window, or by itself where there is none."""
    tab = SampleTab(viewer, ResultChoice(viewer))
    if qtbot:
        return stand_alone(tab, qtbot)
    viewer.window.add_dock_widget(tab, area="right")
    settle()
    return tab


def labels_in(view):
    return {text.get_text() for text in view.figure.axes[0].texts}


def test_a_click_shows_the_sample_and_a_ring(result, viewer):
    layer = add(viewer, layers.error_layer(result))
    tab = open_tab(viewer)
    assert "Click in the brain" in tab.facts.text()
    assert not tab.profile.isVisible()

    centroids = result.expression.parcellation.centroids
    sample = int(np.square(centroids - (20, -10, 10)).sum(1).argmin())
    viewer.dims.set_point(0, centroids[sample][2])
    click_on(viewer, layer, centroids[sample])
    text, (x, y, z) = tab.facts.text(), centroids[sample]
    assert result.expression.samples[sample] in text
    assert f"x {x:.1f}, y {y:.1f}, z {z:.1f} mm" in text
    assert f"RMSE {result.rmse_samples[sample]:.4f}" in text
    assert f"R² {result.r2_samples[sample]:.3f} {IN_SAMPLE}" in text
    rank = int(np.flatnonzero(samples_by_error(result) == sample)[0]) + 1
    assert f"rank {rank:,} of" in text
    assert tab.rank.value() == rank
    error = np.abs(result.codec.decode(result.latents[[sample]])[0])
    error = np.abs(error - result.expression.values[sample])
    assert labels_in(tab.profile.view) == {
        result.expression.genes[i] for i in np.argsort(-error)[:10]
    }
    assert len(tab.latents.view.figure.axes[0].patches) == 4

    place, name = brain_view.attach(viewer).cells.wanted.marked
    np.testing.assert_allclose(place, [z, y, x])
    assert name.endswith(" mm")  # of a voxel
    assert viewer.layers.selection.active is layer
    step = [viewer.dims.range[axis].step for axis in range(3)]
    np.testing.assert_allclose(step, layer.scale)  # the ring leaves the sliders as they were


def test_buttons_and_keys_walk_from_the_worst(result, viewer):
    add(viewer, layers.error_layer(result))
    tab = open_tab(viewer)
    order, shared = samples_by_error(result), session(viewer)
    press(tab.worst)
    assert shared.pick.sample == order[0]
    place = result.expression.parcellation.centroids[order[0]]
    np.testing.assert_allclose(viewer.dims.point[::-1], place)  # the slices went there
    press(tab.better)
    press(tab.better)
    assert shared.pick.sample == order[2]
    press(tab.worse)
    assert shared.pick.sample == order[1]
    activate(viewer)
    for key, rank in ((Qt.Key.Key_PageDown, 2), (Qt.Key.Key_PageUp, 1), (Qt.Key.Key_Home, 0)):
        QTest.keyClick(viewer.window._qt_window, key, Qt.KeyboardModifier.AltModifier)
        assert shared.pick.sample == order[rank]
    QTest.keyClick(tab.rank, Qt.Key.Key_Up)
    assert shared.pick.sample == order[1]
    press(tab.worst)
    press(tab.worse)  # there is none
    assert shared.pick.sample == order[0]


def test_stacks_and_single_components_tell_the_same_sample(result, viewer):
    (stack,) = [add(viewer, part) for part in layers.latent_layers(result)]
    tab = open_tab(viewer)
    mm = result.expression.parcellation.centroids[40]
    viewer.dims.set_point(1, mm[2])
    click_on(viewer, stack, mm)
    on_stack = tab.facts.text()
    assert result.expression.samples[40] in on_stack

    viewer.layers.remove(stack)
    parts = [add(viewer, part) for part in layers.latent_layers(result, separate=True)]
    press(tab.worst)
    viewer.dims.set_point(0, mm[2])
    assert tab.facts.text() != on_stack
    click_on(viewer, parts[0], mm)
    assert tab.facts.text() == on_stack


def test_other_data_is_said_so(result, other, model, qtbot):
    first = add(model, layers.error_layer(result))
    tab = open_tab(model, qtbot)
    press(tab.worst)
    first.visible = False
    add(model, layers.error_layer(other))  # its result is chosen at once
    settle()
    assert "other data" in tab.facts.text()
    assert not tab.profile.isVisible()
    press(tab.better)  # from nowhere it starts with the worst
    assert session(model).pick.sample == samples_by_error(other)[0]
    assert "rank 1 of" in tab.facts.text()


def test_the_ring_is_in_every_cell_and_takes_none(result, viewer):
    add(viewer, layers.error_layer(result))
    add(viewer, layers.expression_layer(result.expression))
    tab = open_tab(viewer)
    press(tab.worst)
    before = len(viewer.layers)
    view = brain_view.attach(viewer)
    view.show_side_by_side()
    settle()
    shape = viewer.canvas.grid.actual_shape(viewer.layers)
    assert sorted(shape) == [1, 2]
    pictures = [viewer.screenshot(flash=False)]
    view.cells.mark(None)
    settle()
    pictures.append(viewer.screenshot(flash=False))
    changed = (pictures[0] != pictures[1]).any(axis=2)
    assert all(half.any() for half in np.array_split(changed, 2, axis=shape.index(2)))
    press(tab.better)
    assert len(viewer.layers) == before


def test_without_a_result_it_says_what_to_do(model, qtbot):
    tab = open_tab(model, qtbot)
    assert "Run Compress first" in tab.facts.text()
    assert not tab.worst.isEnabled()
    assert not tab.rank.isEnabled()


def test_regions_of_real_data(viewer):
    name = "ahba_dk82"
    result, atlas = compressed(real_expression(name), 4), real_data(TABLES[name][1])
    layer = add(viewer, layers.error_layer(result))
    tab = open_tab(viewer)
    press(tab.worst)
    worst = int(samples_by_error(result)[0])
    assert f"<b>{result.expression.samples[worst]}</b>" in tab.facts.text()

    add(viewer, layers.volume_layer(read_volume(atlas))).visible = False
    settle()
    assert tab.regions.currentIndex() == 1  # taken at once
    pick = session(viewer).pick
    click_on(viewer, layer, pick.position)
    assert session(viewer).pick.sample == worst
    assert tab.regions.regions(result).name(worst) in tab.facts.text()


def test_the_ring_is_seen_on_its_slice_only(result, viewer):
    layer = add(viewer, layers.error_layer(result))
    press(open_tab(viewer).worst)
    cells = brain_view.attach(viewer).cells
    z = cells.wanted.marked[0][0]
    for away in (0, 2):  # steps
        viewer.dims.set_point(0, z + away * layer.scale[0])
        assert (cells.look().mark is None) == bool(away)
    viewer.dims.ndisplay = 3
    assert cells.look().mark is not None
