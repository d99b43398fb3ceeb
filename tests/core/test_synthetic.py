"""The synthetic brain: its place, its asymmetry, its genes, and the files made from it."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics.core.synthetic import (
    synthetic_brain,
    synthetic_regions,
    write_samples,
)

SAMPLE_DATA = Path(__file__).resolve().parents[2] / "sample_data"


@pytest.fixture(scope="module")
def brain():
    return synthetic_brain()


def share(inside: np.ndarray) -> float:
    return float(np.mean(inside))


def test_lies_on_the_published_grid(brain):
    parcellation = brain.parcellation
    assert parcellation.labels.shape == (24, 29, 24)
    np.testing.assert_array_equal(np.diag(parcellation.affine), [-8, 8, 8, 1])
    np.testing.assert_array_equal(parcellation.affine[:3, 3], [90, -126, -72])
    assert 3_500 < brain.n_samples < 3_900
    assert brain.n_genes == 512
    # One voxel away from every face: nothing is cut off.
    edges = parcellation.labels.copy()
    edges[1:-1, 1:-1, 1:-1] = 0
    assert not edges.any()


def test_looks_like_a_brain(brain):
    x, y, z = brain.parcellation.centroids.T
    low = z < -40
    assert y[low & (np.abs(x) < 25)].max() < 0, "below the base only hindbrain and temporal poles"
    assert y[low & (y < -20)].min() > -100
    # The fissure: at the top of the midline there is no brain where both sides have some.
    top = {
        side: z[(np.abs(x - at) < 4) & (y == -22)].max()
        for side, at in (("mid", 2), ("L", -22), ("R", 26))
    }
    assert top["mid"] < min(top["L"], top["R"])


def test_no_flip_leaves_it_as_it_is(brain):
    mask = brain.parcellation.labels > 0
    for axis in range(3):
        assert share(mask != np.flip(mask, axis)) > 0.02
    x, y, _ = brain.parcellation.centroids.T
    left, right = x < -4, x > 4
    assert (right & (y > 54)).sum() > 1.2 * (left & (y > 54)).sum(), "right frontal pole"
    assert (left & (y < -90)).sum() > 1.2 * (right & (y < -90)).sum(), "left occipital pole"
    # Expression too, at mirrored positions (x = 10 against -10 and so on are 8 mm apart).
    volume = brain.parcellation.paint(brain.values)
    left, right = volume[12:18], volume[6:12][::-1]
    assert np.sqrt(np.nanmean((left - right) ** 2)) > 0.02


def test_values_are_like_abagens(brain):
    assert brain.values.dtype == np.float32
    assert brain.values.min() >= 0
    assert brain.values.max() <= 1
    assert share((brain.values > 0.3) & (brain.values < 0.7)) > 0.98
    assert abs(brain.values.mean() - 0.5) < 0.01


def test_few_fields_but_many_straight_directions(brain):
    centred = brain.values - brain.values.mean(axis=0)
    singular = np.linalg.svd(centred, compute_uv=False)
    rmse = {k: np.sqrt((singular[k:] ** 2).sum() / centred.size) for k in (8, 48)}
    assert rmse[48] < 0.0125, "beyond the features there is only noise (0.012)"
    assert rmse[8] > 2 * rmse[48], "eight straight components leave room for an autoencoder"


def test_tissues_differ(brain):
    _, y, z = brain.parcellation.centroids.T
    cerebellum = (z < -28) & (y < -50)
    cortex = (z > 50) & (y > -20)
    difference = brain.values[cerebellum].mean(axis=0) - brain.values[cortex].mean(axis=0)
    assert np.abs(difference).mean() > 0.05


def test_seed_and_number_of_genes():
    small = synthetic_brain(seed=3, n_genes=4)
    np.testing.assert_array_equal(small.values, synthetic_brain(seed=3, n_genes=4).values)
    np.testing.assert_array_equal(small.values[:, :2], synthetic_brain(seed=3, n_genes=2).values)
    assert not np.array_equal(small.values, synthetic_brain(seed=4, n_genes=4).values)


def test_finer_grid_has_the_same_genes(brain):
    fine = synthetic_brain(voxel_mm=4, n_genes=2)
    coarse = fine.parcellation.paint(fine.values)[::2, ::2, ::2]
    both = brain.parcellation.paint(brain.values[:, :2]) - coarse
    assert np.nanstd(both) < 0.02
    assert 7.5 < fine.n_samples / brain.n_samples < 8.5


def test_regions(brain):
    regions = synthetic_regions(brain)
    assert regions.n_samples == 60
    x = regions.parcellation.centroids[:, 0]
    side = np.array([name[0] for name in regions.samples])
    assert (x[side == "L"] < 0).all()
    assert (x[side == "R"] > 0).all()
    assert (side == "L").sum() != (side == "R").sum()
    seventh = brain.parcellation.labels[regions.parcellation.labels == 7] - 1
    np.testing.assert_allclose(regions.values[6], brain.values[seventh].mean(axis=0), atol=1e-6)
    np.testing.assert_array_equal(regions.parcellation.labels > 0, brain.parcellation.labels > 0)


def test_files_are_the_same_each_time(tmp_path):
    first, second = (write_samples(tmp_path / name) for name in ("a", "b"))
    assert [a.read_bytes() for a in first] == [b.read_bytes() for b in second]


def test_committed_files_are_up_to_date(tmp_path):
    for path in write_samples(tmp_path):
        kept = SAMPLE_DATA / path.name
        if path.suffix == ".gz":
            new, old = nib.load(path), nib.load(kept)
            np.testing.assert_array_equal(new.affine, old.affine)
            # Rounding may differ by a step between processors.
            np.testing.assert_allclose(new.get_fdata(), old.get_fdata(), atol=1.01e-4)
        elif path.name == "synthetic_regions.csv":
            new, old = (np.genfromtxt(p, delimiter=",", skip_header=1)[:, 1:] for p in (path, kept))
            np.testing.assert_allclose(new, old, atol=1.01e-4)
        else:
            assert path.read_text() == kept.read_text()
    assert sum(path.stat().st_size for path in SAMPLE_DATA.iterdir()) < 3_000_000
