"""The real window: what is drawn stands right, and files go in and out of it unmoved."""

import nibabel as nib
import numpy as np
import pytest
from napari._qt.containers import QtLayerList
from napari.utils import cancelable_progress

from clicking import settle
from data import real_data
from napari_compressed_transcriptomics.viewer import brain_view as _viewer
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.widgets.compress import Outputs, add_result
from phantom import AFFINES, GRIDS, lone_voxel, make_phantom
from small import compressed
from viewing import add, bright_spot


def test_the_right_side_is_drawn_right_and_up_is_up(viewer):
    """A spot at right, anterior, superior appears there in every view, of every grid."""
    _viewer.attach(viewer).cells.wanted.written = False  # the colour bar is bright, too
    for name, grid in GRIDS.items():
        spot = lone_voxel((22, 14, 12), grid)
        layer = add(viewer, layers.expression_layer(spot))
        centre_z = layer.translate[0] + layer.scale[0] * (layer.data.shape[0] - 1) / 2
        viewer.dims.ndisplay = 2
        viewer.reset_view()
        viewer.dims.set_point(0, centre_z + 12)
        right, up = bright_spot(viewer)
        assert right > 0.05, name  # right on the right
        assert up > 0.05, name  # anterior up

        viewer.dims.ndisplay = 3
        viewer.reset_view()
        layer.rendering = "mip"  # the spot is on the far side of the solid ball
        viewer.canvas.overlays.axes.visible = False  # has bright colours, too
        right, up = bright_spot(viewer)
        assert right > 0.05, name
        assert up > 0.05, name  # superior up, seen from behind
        viewer.layers.clear()


@pytest.mark.parametrize("affine", AFFINES)
def test_file_to_layer_to_file_to_layer(affine, model, tmp_path):
    """Opened, saved, opened again: the same values in the same places, in 2-D and 3-D."""
    phantom = make_phantom(AFFINES[affine])
    volume = np.nan_to_num(phantom.parcellation.paint(phantom.values))
    nib.save(nib.Nifti1Image(volume, AFFINES[affine]), tmp_path / "phantom.nii.gz")
    (tmp_path / "phantom.genes.txt").write_text("\n".join(phantom.genes))
    (layer,) = model.open(tmp_path / "phantom.nii.gz", plugin=PLUGIN)
    for view in (2, 3):
        model.dims.ndisplay = view
        path = str(tmp_path / f"gene{view}.nii.gz")
        (saved,) = model.layers.save(path, plugin=PLUGIN)[:1]

        image = nib.load(saved)
        np.testing.assert_array_equal(image.affine, phantom.parcellation.affine)
        np.testing.assert_array_equal(
            image.get_fdata(dtype=np.float32), phantom.gene_volume("A1BG")
        )
        (again,) = model.open(saved, plugin=PLUGIN)
        np.testing.assert_array_equal(again.data, layer.data)
        np.testing.assert_array_equal(again.scale, layer.scale)
        np.testing.assert_array_equal(again.translate, layer.translate)
        model.layers.remove(again)


@pytest.mark.parametrize(
    "name",
    [
        "latents/abagen_ae0_8mm.nii.gz",
        "latents/abagen_umap1_8mm.nii.gz",
        "pet/D1_SCH23390_c11.nii",
        "atlas/dk_it_2mm.nii.gz",
    ],
)
def test_real_volumes_survive_a_round_trip(name, model, tmp_path):
    path = real_data(name)
    model.open(path, plugin=PLUGIN)
    saved = str(tmp_path / "again.nii.gz")
    model.layers.save(saved, plugin=PLUGIN)
    before, after = nib.load(path), nib.load(saved)
    np.testing.assert_array_equal(after.affine, before.affine)
    np.testing.assert_array_equal(
        after.get_fdata(dtype=np.float32), before.get_fdata(dtype=np.float32)
    )


def test_results_come_into_a_grid_that_has_lost_its_layers(make_napari_viewer):
    """A slider that comes with latents makes napari draw before it knows of the new cell."""
    viewer = make_napari_viewer(show=True)
    brain = make_phantom()
    result = compressed(brain, 3)
    for _ in range(2):
        add_expression(viewer, brain)
        add_result(viewer, result, Outputs())
        settle()
        letters = [
            overlay for name, overlay in viewer.canvas.overlays.items() if name.startswith("side_")
        ]
        assert viewer.canvas.grid.enabled
        assert all(letter.visible and letter.gridded for letter in letters)
        viewer.layers.clear()
        settle()
        assert not any(letter.visible for letter in letters)
    viewer.add_image(np.zeros((2, 3, 4)))
    viewer.add_image(np.zeros((2, 3, 4)))
    add_expression(viewer, brain)  # the letters come into a grid of three cells
    settle()
    assert all(letter.visible and letter.gridded for letter in letters)


def test_the_list_of_layers_is_laid_out_once_a_slice_has_its_thumbnail(viewer):
    """Qt would paint it a turn of the event loop later, and compose the window twice."""
    _viewer.attach(viewer)
    layer = add(viewer, layers.expression_layer(lone_voxel((22, 14, 12), GRIDS["LAS"])))
    (found,) = viewer.window.main_menu.window().findChildren(QtLayerList)
    told = []
    layer.events.thumbnail.connect(lambda _: told.append("thumbnail"))
    found.doItemsLayout = lambda: told.append("layout")
    viewer.dims.set_point(0, viewer.dims.range[0].start)
    assert told[-2:] == ["thumbnail", "layout"]


def test_the_window_is_not_laid_out_anew_when_work_begins(viewer):
    """napari's sign of work would raise the status bar by a pixel, and move the brain."""
    window = viewer.window.main_menu.window()
    _viewer.attach(viewer)

    def heights():
        settle()
        return window.statusBar().height(), window.centralWidget().height()

    before = heights()
    work = cancelable_progress(total=10, desc="Compressing")
    during = heights()
    work.close()

    assert during == before == heights()
    assert before[0] < 40  # the brain needs the room
