"""Maps of the cortical surface as targets: the right value at each sample, or none."""

import numpy as np
import pytest

from data import real_data
from napari_compressed_transcriptomics.core.brain_space import MNI, OTHER, record_space
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.targets import notes_on, read_targets
from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5
from vertices import N, write_labels

AFFINE = np.array([[6.0, 0, 0, -81], [0, 6, 0, -117], [0, 0, 6, -69], [0, 0, 0, 1]])


def front(side, n):
    return fsaverage5()[side].pial[:n, 1].astype(float)


def write_front(folder, n, sides=("lh", "rh"), kind="shape"):
    names = {"lh": "left", "rh": "right"}
    return [write_labels(folder / f"{s}.front.{kind}.gii", front(names[s], n)) for s in sides]


@pytest.mark.parametrize("n", [N, 2562, 10_242])
def test_maps_of_the_same_or_a_finer_mesh(n, on_vertices, tmp_path):
    (target,) = read_targets(write_front(tmp_path, n), on_vertices)
    assert target.name == "front"
    expected = np.concatenate([front("left", N)[20:], front("right", N)[20:]])
    np.testing.assert_allclose(target.values, expected, rtol=1e-6)
    assert not target.notes
    assert set(target.source) == {"target", "target right"}


def test_one_hemisphere_says_nothing_of_the_other(on_vertices, tmp_path):
    (target,) = read_targets(write_front(tmp_path, N, ("rh",)), on_vertices)
    assert np.isnan(target.values[: N - 20]).all()
    np.testing.assert_allclose(target.values[N - 20 :], front("right", N)[20:], rtol=1e-6)
    assert "does not cover 622 sample(s)" in notes_on([target])[0]


def test_parcels_take_the_mean_of_their_vertices(on_vertices, tmp_path):
    for side in ("lh", "rh"):
        path = write_labels(tmp_path / f"{side}.a.label.gii", 1 + np.arange(N) % 2, ["a", "b"])
    parcels = read_expression(on_vertices.source["expression"]["path"], atlas=path)
    (target,) = read_targets(write_front(tmp_path, N), parcels)
    rows = np.arange(20, N)
    expected = front("right", N)[rows[rows % 2 == 1]].mean()
    assert target.values[parcels.samples.index("R_b")] == pytest.approx(expected)


def test_maps_that_do_not_fit_are_refused(on_vertices, tmp_path):
    other = [write_labels(tmp_path / "lh.x.shape.gii", np.ones(32_492))]
    with pytest.raises(UserError, match="is of fs_LR 32k, and the data are of fsaverage3"):
        read_targets(other, on_vertices)
    nameless = write_labels(tmp_path / "x.shape.gii", np.ones(N))
    with pytest.raises(UserError, match="does not say which hemisphere"):
        read_targets([nameless], on_vertices)
    twice = [*write_front(tmp_path, N), *write_front(tmp_path, N, ("lh",), kind="func")]
    with pytest.raises(UserError, match="are both of the left side of front"):
        read_targets(twice, on_vertices)


@pytest.fixture
def voxels():
    place = Parcellation.from_mask(np.ones((28, 33, 28), bool), AFFINE)
    values = np.random.default_rng(0).random((place.n_samples, 3), np.float32)
    samples = tuple(map(str, range(place.n_samples)))
    return Expression(values, ("A", "B", "C"), samples, place, "box")


def test_voxels_of_cortex_take_what_the_surface_has_there(voxels, tmp_path):
    paths = write_front(tmp_path, 10_242)
    (target,) = read_targets(paths, voxels)
    there = np.isfinite(target.values)
    assert 0.1 < there.mean() < 0.5  # cortex is a part of the box
    at = voxels.parcellation.centroids[there]
    assert np.abs(target.values[there] - at[:, 1]).max() < 12  # a voxel, and a line across cortex
    assert np.corrcoef(target.values[there], at[:, 1])[0, 1] > 0.99
    told = " ".join(notes_on([target]))
    assert "brought from fsaverage5 to box by the cortical surface" in told
    assert "taken to be in MNI152" in told
    record_space(voxels.source, MNI)
    assert "taken to be" not in " ".join(notes_on(read_targets(paths, voxels)))
    # The left side's map says nothing of the right.
    (left,) = read_targets(paths[:1], voxels)
    assert voxels.parcellation.centroids[np.isfinite(left.values), 0].max() < 12
    record_space(voxels.source, OTHER)
    with pytest.raises(UserError, match="in another space than MNI152"):
        read_targets(paths, voxels)


def test_regions_take_the_mean_of_their_cortex(voxels, tmp_path):
    halves = np.where(voxels.parcellation.centroids[:, 1] > -20, 1, 2)
    labels = halves[voxels.parcellation.labels - 1].astype(np.int32)
    regions = Expression(
        voxels.values[:2], voxels.genes, ("front", "behind"), Parcellation(labels, AFFINE), "two"
    )
    (target,) = read_targets(write_front(tmp_path, 10_242), regions)
    assert 15 < target.values[0] < 40
    assert -80 < target.values[1] < -40
    coarse = write_front(tmp_path, N)
    with pytest.raises(UserError, match="642 vertices, and only maps of fsaverage5"):
        read_targets(coarse, regions)


def test_a_real_map_on_the_surface_agrees_with_itself_in_the_volume():
    """CALB1 on fsaverage, measured in cortex, and receptor genes in voxels: one brain, two ways."""
    path = real_data("surface/lh.geneID_793.gii")
    voxels = read_expression(real_data("mrna"), impute="drop_genes")
    (target,) = read_targets([path], voxels)
    there = np.isfinite(target.values)
    assert voxels.parcellation.centroids[there, 0].mean() < -30
    found = [abs(np.corrcoef(target.values[there], v)[0, 1]) for v in voxels.values[there].T]
    assert max(found) > 0.3
