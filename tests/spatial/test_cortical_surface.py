"""Values of samples on the cortical surface: the right side, the right place, and none beyond."""

import nibabel as nib
import numpy as np
import pytest
from nibabel.affines import apply_affine

from data import real_data
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.spatial.cortical_surface import MNI305_TO_MNI152, fsaverage5
from napari_compressed_transcriptomics.spatial.surface_place import SIDES
from napari_compressed_transcriptomics.spatial.surface_sampling import (
    SurfaceSampling,
    surface_sampling,
)

RAS_4MM = np.array([[4.0, 0, 0, -90], [0, 4, 0, -126], [0, 0, 4, -72], [0, 0, 0, 1]])
SHAPE = (46, 55, 46)
FLIPPED = np.diag([-1.0, 1, 1, 1]) @ RAS_4MM  # the first voxel lies on the right


def whole(affine=RAS_4MM):
    """Every voxel of a box around the brain is a sample."""
    return Parcellation.from_mask(np.ones(SHAPE, bool), affine)


def test_both_sides_are_there_and_are_not_mixed():
    sides = fsaverage5()
    assert tuple(sides) == SIDES
    for name, sign in zip(SIDES, (-1, 1), strict=True):
        side = sides[name]
        assert len(side.pial) == len(side.inflated) == len(side.sulcal_depth) == 10_242
        assert np.median(sign * side.pial[:, 0]) > 25
        assert (sign * side.white[:, 0] < -2).mean() < 0.01
        # The medial wall faces the other side, and the frontal pole is in front when inflated, too.
        assert abs(side.pial[~side.cortex, 0]).mean() < 15
        assert 600 < np.count_nonzero(~side.cortex) < 1000
        front = side.pial[:, 1] > 50
        assert side.inflated[front, 1].min() > side.inflated[:, 1].mean()
        corners = side.pial[side.faces]
        volume = np.linalg.det(corners.astype(float)).sum() / 6
        assert volume > 4e5  # mm3: faces look outwards


@pytest.mark.parametrize("affine", [RAS_4MM, FLIPPED], ids=["RAS", "LAS"])
def test_a_blob_on_the_left_in_front_is_there_on_the_surface(affine):
    place = whole(affine)
    middle = np.array([-35.0, 45, 15])
    distance = np.linalg.norm(place.centroids - middle, axis=1)
    found = SurfaceSampling(place)(np.exp(-((distance / 12) ** 2)))
    assert np.nanmax(found.right) < 0.05 < 0.5 < np.nanmax(found.left)
    bright = np.nan_to_num(found.left) > 0.5
    where = fsaverage5()["left"].pial[bright]
    assert where[:, 1].min() > 25
    assert where[:, 0].max() < -15


def test_it_lies_where_freesurfer_puts_it_in_mni152():
    """The point that FreeSurfer's wiki gives as an example, and how far vertices move."""
    moved = apply_affine(MNI305_TO_MNI152, [10, -20, 35])
    np.testing.assert_allclose(moved, [10.695, -18.409, 36.137], atol=0.01)
    for side in fsaverage5().values():
        before = apply_affine(np.linalg.inv(MNI305_TO_MNI152), side.pial)
        distance = np.linalg.norm(side.pial - before, axis=1)
        assert 2.1 < distance.mean() < 2.4
        assert distance.max() < 2.9


def test_of_voxels_it_is_what_nilearn_gives():
    from nilearn.surface import InMemoryMesh, vol_to_surf

    place = whole()
    rng = np.random.default_rng(0)
    values = rng.normal(size=place.n_samples).astype(np.float32)
    found = SurfaceSampling(place)(values)
    image = nib.Nifti1Image(place.paint(values), RAS_4MM)
    assert found.without == 0
    for name, side in fsaverage5().items():
        pial, white = (InMemoryMesh(mesh, side.faces) for mesh in (side.pial, side.white))
        expected = vol_to_surf(image, pial, inner_mesh=white)
        np.testing.assert_allclose(found.side(name)[side.cortex], expected[side.cortex], atol=1e-4)
        assert np.isnan(found.side(name)[~side.cortex]).all()


def test_of_regions_each_vertex_has_the_one_most_met():
    mm = apply_affine(RAS_4MM, np.stack(np.indices(SHAPE), -1))
    left, front = mm[..., 0] < 0, mm[..., 1] > 0
    labels = np.where(left, np.where(front, 1, 2), np.where(front, 3, 0)).astype(np.int32)
    found = SurfaceSampling(Parcellation(labels, RAS_4MM))(np.array([10.0, 20, 30]))
    assert set(np.unique(found.left[~np.isnan(found.left)])) <= {10, 20, 30}
    sides = fsaverage5()
    for name, expected in (("left", (10, 20)), ("right", (30, np.nan))):
        side, values = sides[name], found.side(name)
        away = side.cortex & (abs(side.pial[:, 0]) > 12)
        for part, value in zip(
            (side.pial[:, 1] > 12, side.pial[:, 1] < -12), expected, strict=True
        ):
            np.testing.assert_array_equal(np.unique(values[part & away]), value)
    assert 0.2 < found.without < 0.4  # the right side behind
    some = SurfaceSampling(Parcellation(labels, RAS_4MM))(np.array([10.0, np.nan, 30]))
    assert np.isnan(some.left[found.left == 20]).all()
    np.testing.assert_array_equal(some.left[found.left == 10], 10)


def test_voxels_without_data_do_not_darken_the_edge():
    mask = np.zeros(SHAPE, bool)
    mask[:, 30:] = True
    found = SurfaceSampling(Parcellation.from_mask(mask, RAS_4MM))(np.full(mask.sum(), 5.0))
    values = np.concatenate([found.left, found.right])
    np.testing.assert_allclose(values[~np.isnan(values)], 5, rtol=1e-5)
    assert 0.3 < found.without < 0.9
    none = Parcellation.from_mask(mask, RAS_4MM + np.diag([0, 0, 0, 0]) + 1000 * np.eye(4, k=3))
    assert SurfaceSampling(none)(np.zeros(none.n_samples)).without == 1


def test_several_maps_come_at_once_and_sampling_is_made_once():
    place = whole()
    values = np.random.default_rng(1).normal(size=(place.n_samples, 2))
    sampling = surface_sampling(place)
    assert surface_sampling(place) is sampling
    both = sampling(values)
    assert both.left.shape == (10_242, 2)
    np.testing.assert_array_equal(both.right[:, 1], sampling(values[:, 1]).right)


def test_the_medial_wall_is_where_freesurfer_has_it():
    labels, _, _ = nib.freesurfer.read_annot(real_data("surface/lh.Schaefer_1000_7Net.annot"))
    theirs, ours = labels[:10_242] == 0, ~fsaverage5()["left"].cortex
    both = np.count_nonzero(theirs & ours)
    assert 2 * both / (theirs.sum() + ours.sum()) > 0.85
    assert np.count_nonzero(ours & ~theirs) < 100  # cortex that is taken away
