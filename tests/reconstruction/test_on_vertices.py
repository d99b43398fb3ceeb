"""Expression on vertices is compressed, measured, saved, reopened and shown as that of voxels."""

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut
from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5
from napari_compressed_transcriptomics.spatial.hemispheres import mirrored_pairs
from napari_compressed_transcriptomics.spatial.ribbon import ribbon
from napari_compressed_transcriptomics.spatial.surface_sampling import SurfaceSampling
from small import compressed
from vertices import N


@pytest.fixture(scope="module")
def result(on_vertices):
    return compressed(on_vertices, 2)


def test_results_are_saved_by_vertex_and_hemisphere_and_read_again(result, tmp_path):
    paths = save_results(result, tmp_path)
    names = {path.name for path in paths}
    assert {"error_hemi-L.func.gii", "latents_hemi-R.func.gii"} <= names
    for side, letter in (("left", "L"), ("right", "R")):
        error = nib.load(tmp_path / f"error_hemi-{letter}.func.gii").darrays[0].data
        expected = result.expression.parcellation.by_side(result.rmse_samples)[side]
        np.testing.assert_array_equal(error, expected)
        assert np.isnan(error[:20]).all()
        latents = nib.load(tmp_path / f"latents_hemi-{letter}.func.gii")
        assert len(latents.darrays) == 2
        assert len(latents.darrays[0].data) == N
    read = read_results(tmp_path)
    assert read.record["surface"] == {"mesh": "fsaverage3", "left": N, "right": N}
    np.testing.assert_allclose(read.latents, result.latents, rtol=1e-6)
    np.testing.assert_allclose(read.samples.rmse, result.rmse_samples, rtol=1e-6)
    assert read.regions is None
    # The maps that were written are read as maps of genes are.
    again = read_expression([tmp_path / f"error_hemi-{letter}.func.gii" for letter in "LR"])
    np.testing.assert_allclose(again.values[:, 0], result.rmse_samples, rtol=1e-6)


def test_without_places_results_are_saved_all_the_same(result, tmp_path):
    nowhere = replace(result.expression.parcellation, coordinates=None, sphere=None)
    unplaced = replace(result, expression=replace(result.expression, parcellation=nowhere))
    save_results(unplaced, tmp_path)
    read = read_results(tmp_path)
    assert read.samples.centroids is None
    np.testing.assert_allclose(read.samples.rmse, result.rmse_samples, rtol=1e-6)


def test_a_report_of_vertices_shows_the_cortex(result, tmp_path):
    from napari_compressed_transcriptomics.figures.report.page import page_of

    save_results(result, tmp_path)
    results = read_results(tmp_path)
    page = page_of(results)
    for name in ("error-surface", "surface-of-component-1", "surface-of-component-2"):
        assert f'aria-labelledby="{name}' in page or f'id="{name}' in page, name
    assert "error-slices" not in page
    assert "Component 2 on the cortical surface" in page
    nowhere = replace(results.mesh, coordinates=None, sphere=None)
    page = page_of(replace(results, mesh=nowhere))
    assert "where these lie is not known" in page
    assert "on the cortical surface" not in page
    assert "#components" not in page


def test_maps_of_vertices_are_drawn_on_slices_through_their_ribbon(result, tmp_path):
    from napari_compressed_transcriptomics.figures.drawing import draw_maps
    from napari_compressed_transcriptomics.figures.request import FigureRequest
    from napari_compressed_transcriptomics.io.writers.figure_inputs.read_inputs import read_inputs

    save_results(result, tmp_path)
    (folder,) = read_inputs([str(tmp_path)])
    one = folder.map("component:1")
    place = result.expression.parcellation
    np.testing.assert_array_equal(one.parcellation.labels, place.labels)
    np.testing.assert_allclose(one.values, result.latents[:, 0], rtol=1e-6)
    # A voxel of the ribbon has the value of the vertex that lies there.
    voxels = np.argwhere(np.isfinite(one.volume))
    at = nib.affines.apply_affine(one.affine, voxels)
    middle = np.linalg.norm(at - place.centroids[100], axis=1).argmin()
    assert one.volume[tuple(voxels[middle])] == one.values[100]
    for view in ("ortho", "surface"):
        draw_maps([one], FigureRequest(what=("component:1",), view=view, dpi=50))


def test_distances_are_along_the_surface_and_twins_are_known(on_vertices):
    place = on_vertices.parcellation
    positions, centroids = place.positions, place.centroids
    n = len(positions) // 2
    assert np.abs(positions[:n, 0] - positions[n:, 0]).min() > 1500  # no way from left to right
    side = fsaverage5()["left"]
    # Two banks of the Sylvian fissure are near in space and far along the surface.
    left = centroids[:n]
    near = np.linalg.norm(left[:, None] - left[None], axis=-1)
    along = np.linalg.norm(positions[:n, None] - positions[None, :n], axis=-1)
    assert np.corrcoef(near.ravel(), along.ravel())[0, 1] > 0.7
    assert (along[near < 8] > 40).any()
    assert along.max() == pytest.approx(2 * np.linalg.norm(place.sphere, axis=1).mean(), rel=0.02)
    assert side.sphere.shape == (10_242, 3)
    left_rows, right_rows = mirrored_pairs(positions)
    assert len(left_rows) > 0.5 * n
    assert np.abs(centroids[left_rows] * [-1, 1, 1] - centroids[right_rows]).mean() < 10


def test_errors_on_vertices_not_seen(on_vertices):
    result = compressed(on_vertices, 2)
    from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest, compress

    held_out = compress(
        CompressRequest(on_vertices, codec="pca", latent_size=2, device="cpu",
                        held_out=HeldOut(n_folds=3, buffer=20.0))
    ).held_out  # fmt: skip
    assert held_out.rmse > result.rmse


def test_vertices_are_shown_on_their_surface_and_in_the_ribbon(on_vertices):
    place = on_vertices.parcellation
    front = place.centroids[:, 1]
    found = SurfaceSampling(place)(front)
    for name, side in fsaverage5().items():
        there = np.isfinite(found.side(name))
        assert there.mean() > 0.9
        assert np.corrcoef(found.side(name)[there], side.pial[there, 1])[0, 1] > 0.97
    labels, affine = ribbon(place)
    inside = np.argwhere(labels)
    mm = inside * 2 + affine[:3, 3]
    nearest = place.centroids[labels[tuple(inside.T)] - 1]
    assert np.linalg.norm(mm - nearest, axis=1).max() < 15
    assert len(np.unique(labels)) - 1 > 0.95 * place.n_samples
    assert place.sample_at(place.centroids[100]) == 100
    assert place.sample_at(np.array([0.0, 0, 200])) is None


def test_some_vertices_are_a_place_of_the_same_mesh(on_vertices):
    rows = np.array([700, 3, 500])
    some = on_vertices.subset(rows)
    np.testing.assert_allclose(
        some.parcellation.centroids, on_vertices.parcellation.centroids[rows]
    )
    assert some.parcellation.sizes == on_vertices.parcellation.sizes


def test_all_vertices_are_cortex(on_vertices):
    from napari_compressed_transcriptomics.spatial.compartments import compartments_of

    found = compartments_of(on_vertices.parcellation, on_vertices.samples)
    assert found.counts == {"cortex": on_vertices.n_samples}
    assert not found.doubtful


def test_volumes_of_vertices_are_not_shown_as_a_brain(result, tmp_path):
    from napari_compressed_transcriptomics.core.errors import UserError
    from napari_compressed_transcriptomics.io.readers.volume import refuse_vertices

    save_results(result, tmp_path)
    with pytest.raises(UserError, match=r"error\.nii\.gz holds values of vertices.*hemi-L"):
        refuse_vertices(tmp_path / "error.nii.gz")


def test_maps_predicted_at_vertices_are_written_by_hemisphere(on_vertices, tmp_path):
    from napari_compressed_transcriptomics.core.target import Target
    from napari_compressed_transcriptomics.io.writers.prediction import save_prediction
    from napari_compressed_transcriptomics.study.predict import predict_maps
    from napari_compressed_transcriptomics.study.predict_request import PredictRequest

    target = Target("front", on_vertices.parcellation.centroids[:, 1])
    request = PredictRequest(
        on_vertices, targets=(target,), methods=("genes",), latent_sizes=(2,), n_folds=2,
        n_repeats=1, n_surrogates=0, buffer=10.0,
    )  # fmt: skip
    prediction = predict_maps(request)
    save_prediction(prediction, tmp_path)
    left = nib.load(tmp_path / "predicted_front_hemi-L.func.gii").darrays[0].data
    score = prediction.best("front")
    expected = on_vertices.parcellation.by_side(prediction.predicted(score))["left"]
    np.testing.assert_allclose(left, expected, rtol=1e-6)

    from napari_compressed_transcriptomics.io.writers.figure_inputs.read_inputs import read_inputs

    (folder,) = read_inputs([str(tmp_path)])
    one = folder.map("predicted:front")
    assert one.parcellation.sizes == on_vertices.parcellation.sizes
    np.testing.assert_allclose(one.values, prediction.predicted(score), rtol=1e-6)
    np.testing.assert_allclose(one.parcellation.centroids, on_vertices.parcellation.centroids)
