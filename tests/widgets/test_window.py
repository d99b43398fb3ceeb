"""The real window: what is drawn stands right, and files go in and out of it unmoved."""

import nibabel as nib
import numpy as np
import pytest

from data import real_data
from napari_compressed_transcriptomics import _layers, _viewer
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from phantom import AFFINES, make_phantom

PLUGIN = "napari-compressed-transcriptomics"


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True)


def lone_voxel(mm, affine):
    """Expression of a ball-like brain that is bright in one spot only, at RAS `mm`."""
    shape = (21, 23, 19)
    voxels = np.stack(np.meshgrid(*map(np.arange, shape), indexing="ij"), axis=-1)
    world = nib.affines.apply_affine(affine, voxels)
    centre = nib.affines.apply_affine(affine, (np.array(shape) - 1) / 2)
    mask = np.linalg.norm(world - centre, axis=-1) < 36
    parcellation = Parcellation.from_mask(mask, affine)
    distance = np.linalg.norm(parcellation.centroids - centre - mm, axis=1)
    values = np.float32(distance < 9)[:, None] + np.linspace(0, 0.01, len(distance))[:, None]
    return Expression(
        values.astype(np.float32), ("SPOT",), tuple(map(str, range(len(values)))), parcellation
    )


def bright_spot(viewer):
    """Middle of the bright pixels, from the canvas's centre: right and up positive, -1..1."""
    picture = viewer.screenshot(flash=False)[..., :3].astype(int)
    bright = (picture[..., 0] > 200) & (picture[..., 1] > 200) & (picture[..., 2] < 120)
    rows, columns = np.nonzero(bright)
    assert len(rows)
    height, width = bright.shape
    return 2 * columns.mean() / width - 1, 1 - 2 * rows.mean() / height


GRIDS = {
    "RAS": np.diag([4.0, 4, 4, 1]),
    "LAS": np.diag([-4.0, 4, 4, 1]),
    "LPI": np.diag([-4.0, -4, -4, 1]),
    "permuted": np.array([[0, 0, 4.0, 0], [-4, 0, 0, 0], [0, 4, 0, 0], [0, 0, 0, 1]]),
}


@pytest.mark.parametrize("grid", GRIDS)
def test_the_right_side_is_drawn_right_and_up_is_up(grid, viewer):
    """A spot at right, anterior, superior appears there in every view."""
    _viewer.attach(viewer)
    spot = lone_voxel((22, 14, 12), GRIDS[grid])
    data, attributes, _ = _layers.expression_layer(spot)
    layer = viewer.add_image(data, **attributes)
    centre_z = layer.translate[0] + layer.scale[0] * (layer.data.shape[0] - 1) / 2
    viewer.canvas.overlays.scale_bar.visible = False
    layer.colorbar.visible = False

    viewer.dims.set_point(0, centre_z + 12)
    right, up = bright_spot(viewer)
    assert right > 0.05  # right on the right
    assert up > 0.05  # anterior up

    viewer.dims.ndisplay = 3
    right, up = bright_spot(viewer)
    assert right > 0.05
    assert up > 0.05  # superior up, seen from behind


@pytest.mark.parametrize("affine", AFFINES)
@pytest.mark.parametrize("view", [2, 3])
def test_file_to_layer_to_file_to_layer(affine, view, viewer, tmp_path):
    """Opened, saved, opened again: the same values in the same places, in 2-D and 3-D."""
    phantom = make_phantom(AFFINES[affine])
    volume = np.nan_to_num(phantom.parcellation.paint(phantom.values))
    nib.save(nib.Nifti1Image(volume, AFFINES[affine]), tmp_path / "phantom.nii.gz")
    (tmp_path / "phantom.genes.txt").write_text("\n".join(phantom.genes))
    (layer,) = viewer.open(tmp_path / "phantom.nii.gz", plugin=PLUGIN)
    viewer.dims.ndisplay = view
    (saved,) = viewer.layers.save(str(tmp_path / "gene.nii.gz"), plugin=PLUGIN)[:1]

    image = nib.load(saved)
    np.testing.assert_array_equal(image.affine, phantom.parcellation.affine)
    np.testing.assert_array_equal(image.get_fdata(dtype=np.float32), phantom.gene_volume("A1BG"))
    (again,) = viewer.open(saved, plugin=PLUGIN)
    np.testing.assert_array_equal(again.data, layer.data)
    np.testing.assert_array_equal(again.scale, layer.scale)
    np.testing.assert_array_equal(again.translate, layer.translate)


@pytest.mark.parametrize(
    "name",
    [
        "latents/abagen_ae0_8mm.nii.gz",
        "latents/abagen_umap1_8mm.nii.gz",
        "pet/D1_SCH23390_c11.nii",
        "atlas/dk_it_2mm.nii.gz",
    ],
)
def test_real_volumes_survive_a_round_trip(name, viewer, tmp_path):
    path = real_data(name)
    viewer.open(path, plugin=PLUGIN)
    saved = str(tmp_path / "again.nii.gz")
    viewer.layers.save(saved, plugin=PLUGIN)
    before, after = nib.load(path), nib.load(saved)
    np.testing.assert_array_equal(after.affine, before.affine)
    np.testing.assert_array_equal(
        after.get_fdata(dtype=np.float32), before.get_fdata(dtype=np.float32)
    )
