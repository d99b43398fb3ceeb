"""Sparse AnnData: read as dense, or refused where it would be written out of bounds."""

import h5py
import numpy as np
import pytest

from faults import refuses
from hdf5_files import write
from napari_compressed_transcriptomics.io import read_expression


@pytest.mark.parametrize("sparse", ["csr", "csc"])
def test_sparse_values(sparse, las, tmp_path, monkeypatch):
    from napari_compressed_transcriptomics.io.readers import h5ad_elements

    values = las.values.copy()
    values[::2, 1] = values[3] = 0
    values[3, 2] = 1
    some = type(las)(values, las.genes, las.samples, las.parcellation)
    path = write(tmp_path / "x.h5ad", some, sparse=sparse)
    np.testing.assert_array_equal(read_expression(path).values, values)
    monkeypatch.setattr(h5ad_elements, "_BLOCK_BYTES", 1)  # a row or column at a time
    np.testing.assert_array_equal(read_expression(path).values, values)


def set_at(name, at, value):
    def edit(x):
        x[name][at] = value

    return edit


def cut(name):
    def edit(x):
        whole = x[name][...]
        del x[name]
        x[name] = whole[:-1]

    return edit


def as_float(x):
    whole = x["indices"][...]
    del x["indices"]
    x["indices"] = whole.astype(float)


def twice(x):
    x["indices"][1] = x["indices"][0]


@pytest.mark.parametrize("sparse", ["csr", "csc"])
@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (set_at("indices", 5, 30), "index outside"),
        (set_at("indices", 5, 2_000_000_000), "index outside"),
        (set_at("indices", 5, -7), "index outside"),
        (set_at("indptr", 0, 1), "indptr"),
        (set_at("indptr", 1, 10**9), "indptr"),
        (set_at("indptr", 2, 0), "indptr"),
        (set_at("indptr", -1, 3), "indptr"),
        (cut("indptr"), "fit together"),
        (cut("indices"), "fit together"),
        (cut("data"), "fit together"),
        (as_float, "indices of type float64"),
        (twice, "two values for one sample and gene"),
        (lambda x: x.attrs.__setitem__("shape", (-3, 4)), "X of shape"),
        (lambda x: x.attrs.__setitem__("shape", "wide"), "X of shape"),
        (lambda x: x.attrs.__delitem__("shape"), "X of shape"),
        (lambda x: x.__delitem__("data"), "not an array"),
    ],
)
def test_sparse_values_that_would_be_written_out_of_bounds(edit, said, sparse, las, tmp_path):
    las.values[:, 3] += 1  # so that none is zero
    path = write(tmp_path / "x.h5ad", las, sparse=sparse)
    with h5py.File(path, "a") as file:
        edit(file["X"])
    refuses(path, said)
