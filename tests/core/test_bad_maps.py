"""Junk is found; what only has heavy tails, another scale or a real peak is not."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from data import TABLES, real_data, real_expression
from napari_compressed_transcriptomics.core import bad_maps
from napari_compressed_transcriptomics.core.bad_maps import (
    GeneRanges,
    extremes_of,
    far_outside_note,
    farthest_usual,
    ranges_of,
)
from napari_compressed_transcriptomics.io import read_expression


def maps(n_genes=60, seed=0, tail=lambda x: x):
    """Smooth maps of genes with scales and means of their own, (n_voxels, n_genes) float32."""
    rng = np.random.default_rng(seed)
    smooth = gaussian_filter(rng.standard_normal((n_genes, 14, 16, 14)), (0, 1.5, 1.5, 1.5))
    values = tail(smooth.reshape(n_genes, -1) / smooth.std())
    scale, mean = 10 ** rng.normal(0, 0.3, (n_genes, 1)), rng.normal(6, 3, (n_genes, 1))
    return (values * scale + mean).T.astype(np.float32)


def flagged(values):
    ranges = ranges_of(values)
    return np.flatnonzero(ranges.departure > farthest_usual(ranges)).tolist()


@pytest.mark.parametrize(
    "tail",
    [lambda x: x, lambda x: np.sinh(1.5 * x), np.exp, lambda x: np.maximum(x - 1, 0)],
    ids=["normal", "heavy", "skewed", "sparse"],
)
def test_heavy_tails_are_no_junk(tail):
    assert not flagged(maps(tail=tail))


def test_junk_is_found_and_counted():
    values = maps()
    values[[5, 100, 2000], 7] = 9000
    values[::20, 9] = -9000
    assert flagged(values) == [7, 9]
    farthest, median = farthest_usual(ranges_of(values)), ranges_of(values).median
    far = np.abs(values - median) > farthest
    assert far.sum(axis=0)[[7, 9]].tolist() == [3, len(values[::20])]
    note = far_outside_note(values, [f"G{i}" for i in range(60)], "t.csv")
    assert "2 gene(s) of t.csv" in note
    assert "G7: 3, G9: 157" in note


def test_a_small_real_peak_or_a_large_scale_is_no_junk():
    values = maps()
    values[:40, 3] += 60 * (values[:, 3] - np.median(values[:, 3])).std() / 10
    values[:, 5] = values[:, 5] * 300
    assert not flagged(values)


def test_few_genes_do_not_tell():
    values = maps(4)
    values[0, 0] = 1e6
    assert not flagged(values)
    assert not far_outside_note(values, list("abcd"), "t.csv")


@pytest.mark.parametrize("tile", [1, 7 * 60, 1 << 17])
def test_extremes_are_those_of_all_tiles(tile, monkeypatch):
    monkeypatch.setattr(bad_maps, "_TILE", tile)
    values = maps()[:50]
    values[49, 3], values[17, 5], values[0, 6] = np.nan, np.inf, -np.inf
    np.testing.assert_array_equal(
        extremes_of(values), [np.min(values, axis=0), np.max(values, axis=0)]
    )
    assert np.flatnonzero(~np.isfinite(extremes_of(values)).all(axis=0)).tolist() == [3, 5, 6]


def test_cells_that_lack_take_no_part_and_parts_join_to_the_whole():
    values = maps(6)
    values[:50, 2] = np.nan
    values[:, 4] = np.nan
    values[3, 2] = np.inf
    whole = ranges_of(values)
    joined = GeneRanges.join([ranges_of(values[:, :3]), ranges_of(values[:, 3:])])
    for name in ("median", "spread", "departure"):
        np.testing.assert_allclose(getattr(joined, name), getattr(whole, name), rtol=1e-6)
    own = values[50:, 2].astype(float)
    median = np.median(own)
    assert whole.departure[4] == 0
    np.testing.assert_allclose(whole.departure[2], np.abs(own - median).max(), atol=0.5)
    assert np.isfinite(whole.spread).all()


@pytest.mark.parametrize("name", TABLES)
def test_no_gene_of_real_tables_is_flagged(name):
    assert not flagged(real_expression(name).values)


def test_real_maps_with_junk_are_found_even_where_all_have_data():
    values = read_expression(real_data("mrna"), impute="drop_genes").values[::40].copy()
    assert not flagged(values)
    values[17, 3] = 258
    assert flagged(values) == [3]


def test_a_note_tells_of_junk_in_a_table(tmp_path, brain):
    from napari_compressed_transcriptomics.io.readers.assemble import assemble

    def notes(values):
        labels, affine = brain.parcellation.labels, brain.parcellation.affine
        return assemble(
            values, brain.genes, brain.samples, labels, affine, path=tmp_path / "t.nii"
        ).notes

    assert not notes(brain.values)
    values = brain.values.copy()
    values[4, 5] = 40
    (note,) = notes(values)
    assert f"{brain.genes[5]}: 1 of" in note
