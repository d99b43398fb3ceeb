"""Rays through maps in 3-D look up a colour once, and the picture is that of napari's own."""

from itertools import product

import numpy as np
import pytest
from napari.utils.colormaps import Colormap

from clicking import settle
from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.anatomy.solid import filled
from napari_compressed_transcriptomics.viewer.cells import picture
from napari_compressed_transcriptomics.viewer.cells.rays import OUTSIDE
from phantom import make_phantom
from small import compressed
from viewing import add


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(700, 500)
    brain_view.attach(viewer)
    brain = make_phantom()
    add(viewer, _layers.error_layer(compressed(brain, 2)), _layers.expression_layer(brain))
    viewer.dims.ndisplay = 3
    settle()
    viewer.canvas.overlays.axes.visible = False
    return viewer


def code(viewer, layer):
    """What is done in every step of a ray."""
    settle()
    node = viewer.window._qt_viewer.canvas.layer_to_visual[layer].node
    return node.shared_program.frag["in_loop"]


def pictures(viewer, monkeypatch):
    """With and without rays that end early."""
    monkeypatch.setattr(picture, "shorten_rays", lambda node, ratio: None)
    found = []
    for _ in range(2):
        for layer in viewer.layers:  # napari sets its own way
            layer.rendering = "mip"
            layer.rendering = "translucent"
        settle()
        found.append(viewer.screenshot(flash=False))
        monkeypatch.undo()
    return found


def test_the_picture_is_the_same_with_and_without_a_cut(viewer, monkeypatch):
    view = brain_view.attach(viewer)
    for grid, plane in product((False, True), ("", "coronal")):
        if grid:
            view.show_side_by_side()
        view.cut.show(plane)
        settle()
        theirs, ours = pictures(viewer, monkeypatch)
        assert (np.ptp(ours[..., :3], axis=-1) > 50).mean() > 0.02  # there is a map
        np.testing.assert_array_equal(ours, theirs)
        assert "applyColormap" not in code(viewer, viewer.layers[-1])
        assert "leap" in code(viewer, viewer.layers[-1])


def test_a_half_clear_colormap_is_blended_as_ever(viewer):
    layer = viewer.layers[-1]
    assert "applyColormap" not in code(viewer, layer)
    layer.colormap = Colormap([(1, 0, 0, 0.2), (0, 1, 0, 0.6)], name="half")
    assert "applyColormap" in code(viewer, layer)
    layer.colormap = "magma"
    assert "applyColormap" not in code(viewer, layer)


def test_rays_leap_in_maps_of_ours_only(viewer):
    """Values far below the limits may mean something else in those of others."""
    layer = viewer.add_image(np.full((4, 5, 6), -5000.0), contrast_limits=(0, 1))
    layer.rendering = "translucent"
    colors = np.ones((256, 4))
    colors[0, 3] = 0
    layer.colormap = Colormap(colors, name="clear at its end")
    assert "found" in code(viewer, layer)
    assert "leap" not in code(viewer, layer)


def test_no_leap_leads_over_a_voxel_of_the_brain():
    labels = np.zeros((15, 12, 13), np.int32)
    labels[12, 6, 6:8], lacking = 1, np.zeros(labels.shape, bool)
    lacking[1, 1, 1] = True
    place = Parcellation(labels, np.eye(4), lacking=lacking)
    values = filled(place, np.ones(1), (0.0, 1.0))
    leaps = np.rint(-values - OUTSIDE)
    assert leaps.max() == 7
    for voxel in np.argwhere(leaps > 0):
        reach = 1 + int(leaps[tuple(voxel)])
        around = tuple(slice(max(i - reach, 0), i + reach + 1) for i in voxel)
        assert values[around].max() <= -OUTSIDE
