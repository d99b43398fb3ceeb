"""HDF5 that is damaged or hostile: refused in a sentence, before memory is taken."""

import os

import h5py
import numpy as np
import pytest

from faults import refuses
from hdf5_files import replaced, write
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.files import hdf5
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad

# What lies elsewhere


@pytest.mark.parametrize("name", ["X", "obs", "var/_index", "obsm/spatial", "uns"])
@pytest.mark.parametrize("kind", ["soft", "external"])
def test_links_are_not_followed(kind, name, las, tmp_path):
    write(tmp_path / "other.h5ad", las)
    path = write(tmp_path / "x.h5ad", las)
    link = h5py.SoftLink("/elsewhere")
    if kind == "external":
        link = h5py.ExternalLink("other.h5ad", name)
    with h5py.File(path, "a") as file:
        file.move(name, "elsewhere")
        file[name] = link
    refuses(path, "link")


@pytest.mark.parametrize("name", ["X", "obsm/spatial"])
def test_values_in_other_files_are_not_read(name, las, tmp_path):
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path) as file:
        shape, kind = file[name].shape, file[name].dtype
    secret = tmp_path / "secret"
    secret.write_bytes(bytes(8 * int(np.prod(shape))))
    outside = [(str(secret), 0, h5py.h5f.UNLIMITED)]
    replaced(path, name, shape=shape, dtype=kind, external=outside)
    refuses(path, "another file")
    path = write(path, las)
    layout = h5py.VirtualLayout(shape, kind)
    layout[:] = h5py.VirtualSource("other.h5", "x", shape)
    with h5py.File(path, "a") as file:
        del file[name]
        file.create_virtual_dataset(name, layout)
    refuses(path, "another file")


# What is missing, or cannot be


@pytest.mark.parametrize("sparse", [None, "csr"])
def test_missing_chunks_are_not_read_as_zeros(sparse, las, tmp_path):
    path = write(tmp_path / "x.h5ad", las, sparse=sparse)
    name = "X/data" if sparse else "X"
    with h5py.File(path) as file:
        values = file[name][...]
    with h5py.File(path, "a") as file:
        attributes = dict(file[name].attrs)
        del file[name]
        whole = (10, *values.shape[1:])
        stored = file.create_dataset(name, values.shape, "f4", chunks=whole, compression="gzip")
        stored.attrs.update(attributes)
        stored[:20] = values[:20]  # the rest is never written
    n = -(-len(values) // 10)
    refuses(path, f"lacks {n - 2} of {n} chunks")


@pytest.mark.parametrize("name", ["X", "obsm/spatial", "var/_index"])
def test_values_that_were_never_written(name, las, tmp_path):
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path) as file:
        shape, kind = file[name].shape, file[name].dtype
    replaced(path, name, shape=shape, dtype=kind)
    refuses(path, "lacks all values")


def test_what_nothing_packs_so_much(las, tmp_path):
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a") as file:
        del file["obsm/spatial"]
        # This filter keeps nothing of what is all the same: 80 GB in some 100 bytes.
        file.create_dataset(
            "obsm/spatial", (las.n_samples, 3), "f8", chunks=(10**7, 3), maxshape=(None, 3),
            compression="gzip",
        )  # fmt: skip
        packed = bytes.fromhex("789c0300000000 01".replace(" ", ""))
        file["obsm/spatial"].id.write_direct_chunk((0, 0), packed)
    refuses(path, "nothing packs so much")


def test_one_long_text_for_many_names(las, tmp_path, monkeypatch):
    path = write(tmp_path / "x.h5ad", las)
    name = b"x" * 100_000
    with h5py.File(path, "a") as file:
        names = file["obs/_index"]
        names[0] = name
        raw = names.id.get_offset()
    content = bytearray(path.read_bytes())
    for row in range(1, las.n_samples):  # all refer to the one text
        content[raw + 16 * row : raw + 16 * row + 16] = content[raw : raw + 16]
    path.write_bytes(content)
    monkeypatch.setattr(hdf5, "_TEXT_BYTES", 1)
    monkeypatch.setattr(hdf5, "_MIN_TEXTS", 1)
    refuses(path, "longer texts")


def test_a_heap_without_end(las, tmp_path):
    """HDF5 would read it for ever."""
    path = write(tmp_path / "x.h5ad", las)
    content = bytearray(path.read_bytes())
    heap = content.rindex(b"GCOL")
    content[heap + 16 : heap + 528] = bytes(512)
    path.write_bytes(content)
    refuses(path, "texts have no end")


# Names


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["", "b"], "no name in var for number 1"),
        (["a", "  "], "no name in var for number 2"),
        ([b"a", b"\xff"], "damaged"),
        ([1.5, 2.5], "names in var of type float64"),
        (np.zeros(2, [("a", "i4")]), "names in var of type"),
        ([["a", "b"]], "names in var of shape"),
        ("a", "names in var of shape"),
    ],
)
def test_nameless_genes(names, said, las, tmp_path):
    las = las.aligned_to(las.genes[:2])
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a") as file:
        del file["var/_index"]
        options = {"dtype": h5py.string_dtype()} if isinstance(names[0], bytes) else {}
        file["var"].create_dataset("_index", data=names, **options)
    refuses(path, said)


@pytest.mark.parametrize(
    "index", ["/obs/_index", "../X", "X", ".", "", "_index/x", 5, h5py.Empty("f")]
)
def test_an_index_that_points_elsewhere(index, las, tmp_path):
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a") as file:
        file["var"].attrs["_index"] = index
    refuses(path)


def test_names_of_other_kinds(las, tmp_path):
    import pandas as pd

    path = write(tmp_path / "x.h5ad", las, names=pd.CategoricalIndex(las.samples))
    assert read_expression(path).samples == las.samples
    for code in (-1, las.n_samples, 127):
        with h5py.File(path, "a") as file:
            file["obs/_index/codes"][2] = code
        refuses(path, "outside of their categories")
    path = write(path, las)
    replaced(path, "obs/_index", np.array(las.samples, "S"))
    assert read_expression(path).samples == las.samples
    replaced(path, "obs/_index", np.arange(las.n_samples))
    assert read_expression(path).samples[:2] == ("0", "1")
    with h5py.File(path, "a") as file:
        del file["obs/_index"]
        group = file.create_group("obs/_index")
        group.attrs["encoding-type"] = "nullable-string-array"
        group["values"] = list(las.samples)
        group["mask"] = np.zeros(las.n_samples, bool)
    assert read_expression(path).samples == las.samples
    with h5py.File(path, "a") as file:
        file["obs/_index/mask"][1] = True
    refuses(path, "no name in obs for number 2")


# What is stored in other ways


@pytest.mark.parametrize("name", ["X", "var/_index"])
@pytest.mark.parametrize("encoding", ["nonsense", "dict", "awkward-array", 5])
def test_unknown_encodings(name, encoding, las, tmp_path):
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a") as file:
        file[name].attrs["encoding-type"] = encoding
        if encoding == "dict":
            del file[name]
            file.create_group(name).attrs["encoding-type"] = encoding
    refuses(path, "unknown way")


@pytest.mark.parametrize("value", [{}, "text", 5, np.ones((3, 2), complex), h5py.Empty("f")])
@pytest.mark.parametrize("name", ["X", "obs", "var", "obs/_index", "obsm", "uns", "obsm/spatial"])
def test_other_things_in_the_place_of(name, value, las, tmp_path):
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a") as file:
        del file[name]
        if isinstance(value, dict):
            file.create_group(name)
        else:
            file[name] = value
    if name == "uns":
        np.testing.assert_array_equal(read_expression(path).values, las.values)
    else:
        refuses(path)


def test_unknown_filters_are_named(las, tmp_path):
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a") as file:
        shape = file["X"].shape
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk(shape)
        plan.set_filter(32015, h5py.h5z.FLAG_OPTIONAL)
        del file["X"]
        space = h5py.h5s.create_simple(shape)
        h5py.h5d.create(file.id, b"X", h5py.h5t.IEEE_F32LE, space, plan)
        file["X"].id.write_direct_chunk((0, 0), b"packed")
    refuses(path, "compressed in an unknown way", "32015")


# While it is read


@pytest.mark.parametrize("how", ["cut", "replaced", "removed"])
def test_changed_while_it_is_read(how, las, tmp_path, monkeypatch):
    """What HDF5 reads behind the end of a file that was cut would be zeros."""
    (path,) = write_h5ad(tmp_path / "x.h5ad", las)
    read = hdf5.Hdf5.read

    def changing(self, *arguments):
        if how == "cut":
            os.truncate(path, 5000)
        elif how == "replaced":
            other = tmp_path / "other"
            other.write_bytes(path.read_bytes())
            os.replace(other, path)
        else:
            path.unlink()
        monkeypatch.setattr(hdf5.Hdf5, "read", read)
        return read(self, *arguments)

    monkeypatch.setattr(hdf5.Hdf5, "read", changing)
    refuses(path, "changed while it was read")


def test_written_by_another_program(las, tmp_path):
    path = write(tmp_path / "x.h5ad", las)
    with h5py.File(path, "a", locking=True):
        refuses(path)
