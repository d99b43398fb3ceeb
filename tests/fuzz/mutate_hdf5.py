"""Changes of AnnData files (HDF5)."""

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from .change import NOTHING, PLACES, VALUES, Change
from .mutate_raw import of_bytes

_LIKELY = (
    *("X", "obs", "var", "uns/parcellation", "uns/parcellation/labels", "uns/provenance"),
    *("uns/parcellation/affine", "obsm/spatial", "obs/_index", "var/_index"),
)
_ATTRIBUTES = (
    *(0, "x", "", -1, "_index", "X", "../../X", 1e300, "\u20ac", [1, 2], [10**9, 10**9]),
    np.array(["a", "b"], "S1"),
)


_bytes = of_bytes(PLACES, renames=True)  # HDF5 itself has no checksum of most of its structure


def _in_file(edit: Callable[[Any, Random], Change]) -> Callable[[Path, Random], Change]:
    def mutate(path: Path, rng: Random) -> Change:
        import h5py

        with h5py.File(path, "r+") as file:
            return edit(file, rng)

    return mutate


def _names(file: Any) -> list[str]:
    names: list[str] = []
    file.visit(names.append)
    return names


def _unseen_in(name: str) -> frozenset[str]:
    """Return what nobody can see who finds another valid array of numbers or names at a place."""
    if name.endswith(("_index", "labels", "affine", "spatial")):
        return PLACES
    return VALUES if name.split("/")[0] == "X" else NOTHING


def _odd(file: Any, name: str, rng: Random) -> str:
    """Put something at a place that it is not meant for."""
    import h5py

    if name in file:
        del file[name]
    arrays = {
        "a number": 5,
        "a text": "text",
        "an empty array": np.array([], float),
        "NaN": np.full((8, 12), np.nan),
        "huge numbers": np.arange(96.0).reshape(8, 12) * 1e300,
        "complex numbers": np.ones((8, 12), complex),
        "booleans": np.ones((8, 12), bool),
        "a cube": np.ones((2, 2, 2)),
        "-1": -np.ones((60, 3)),
        "1e308": np.full((60, 3), 1e308),
        "records": np.zeros(4, [("a", "i4"), ("b", "f8")]),
        "nothing": h5py.Empty("f"),
        "a link to itself": h5py.SoftLink(f"/{name}"),
        "a link to all": h5py.SoftLink("/"),
    }
    groups = {
        "a group": {},
        "a dictionary": {"encoding-type": "dict", "encoding-version": "0.1.0"},
        "an unknown encoding": {"encoding-type": "nonsense", "encoding-version": "9"},
        "a data frame": {
            "encoding-type": "dataframe",
            "encoding-version": "0.2.0",
            "_index": "i",
            "column-order": ["i"],
        },
    }
    what = rng.choice([*arrays, *groups, "text that is not UTF-8", "references"])
    if what in arrays:
        file[name] = arrays[what]
    elif what in groups:
        group = file.create_group(name)
        group.attrs.update(groups[what])
        if "_index" in group.attrs:
            group["i"] = np.arange(8)
    elif what == "references":
        file.create_dataset(name, shape=(3,), dtype=h5py.ref_dtype)
    else:
        file.create_dataset(name, data=["a", b"\xff", "c"], dtype=h5py.string_dtype("ascii"))
    return what


@_in_file
def _replaced(file: Any, rng: Random) -> Change:
    name = rng.choice((*_LIKELY, *_names(file)))
    what = _odd(file, name, rng)
    return Change(f"{name} is {what}", _unseen_in(name))


@_in_file
def _removed(file: Any, rng: Random) -> Change:
    name = rng.choice(_names(file))
    del file[name]
    return Change(f"{name} removed")


@_in_file
def _attribute(file: Any, rng: Random) -> Change:
    holders = [name for name in ("/", *_names(file)) if len(file[name].attrs)]
    holder = rng.choice(holders)
    attributes = file[holder].attrs
    name = rng.choice(list(attributes))
    if rng.random() < 0.3:
        del attributes[name]
        return Change(f"{holder}: no {name}")
    value = rng.choice(_ATTRIBUTES)
    attributes[name] = value
    return Change(f"{holder}: {name} = {str(value)[:30]}", _unseen_in(f"{holder}/{name}"))


@_in_file
def _edited(file: Any, rng: Random) -> Change:
    """Edit an array: a row less or more, an odd number, turned, the first name again, reversed."""
    import h5py

    arrays = [n for n in _names(file) if isinstance(file[n], h5py.Dataset) and file[n].ndim]
    name = rng.choice(arrays)
    values, attributes = file[name][...], dict(file[name].attrs)
    edits = ["a row less", "a row twice", "reversed"]
    edits += ["the first again"] if values.dtype.kind == "O" else ["turned", "an odd number"]
    said = rng.choice(edits)
    if said == "a row less":
        values = values[:-1]
    elif said == "a row twice":
        values = np.concatenate([values, values[:1]])
    elif said == "reversed":
        values = values[::-1]
    elif said == "the first again":
        values[rng.randrange(len(values))] = values[0]
    elif said == "turned":
        values = values.T
    else:
        values = values.astype(float)
        odd = (np.nan, np.inf, -1, 1e39, 1e300, 0.5)
        values.flat[rng.randrange(values.size)] = rng.choice(odd)
    del file[name]
    file[name] = values
    file[name].attrs.update(attributes)
    return Change(f"{name}: {said}", _unseen_in(name))


def _reordered(axis: str) -> Callable[[Any, Random], Change]:
    """Return an edit that orders samples or genes anew, or leaves some out, as anndata does."""

    def edit(file: Any, rng: Random) -> Change:
        import h5py

        index = f"{axis}/{file[axis].attrs['_index']}"
        n, dense = len(file[index]), isinstance(file["X"], h5py.Dataset)
        order = rng.sample(range(n), n if rng.random() < 0.7 or axis == "var" else n - 2)
        if not dense:
            order = list(range(n))
        for name in [index, "X"] if axis == "var" else [index, "X", "obsm/spatial"]:
            if name not in file or not isinstance(file[name], h5py.Dataset):
                continue
            values, attributes = file[name][...], dict(file[name].attrs)
            del file[name]
            file[name] = values[:, order] if (name, axis) == ("X", "var") else values[order]
            file[name].attrs.update(attributes)
        if axis == "var":
            return Change("genes in another order", must="equal")
        # Without two samples, two are gone, and their places may be.
        gone = VALUES | {"place"} if len(order) < n and "obsm/spatial" in file else NOTHING
        return Change(f"{len(order)} of {n} samples in another order", gone)

    return edit


@_in_file
def _sparse(file: Any, rng: Random) -> Change:
    """Make X sparse with indices that point anywhere but into it."""
    import h5py

    x = file["X"]
    if isinstance(x, h5py.Dataset):
        dense = np.asarray(x[...], np.float32)
        attributes = {"encoding-type": "csr_matrix", "encoding-version": "0.1.0"}
        attributes["shape"] = np.array(dense.shape)
        rows, columns = np.nonzero(dense)
        del file["X"]
        x = file.create_group("X")
        x.attrs.update(attributes)
        x["data"], x["indices"] = dense[rows, columns], columns.astype(np.int32)
        x["indptr"] = np.searchsorted(rows, np.arange(len(dense) + 1)).astype(np.int32)
    part = rng.choice(("indices", "indptr"))
    values = x[part][...].astype(np.int64)
    at = rng.randrange(len(values))
    said, changed = rng.choice(
        (
            ("as it was", values),
            ("far out", _with(values, at, 2_000_000_000)),
            ("negative", _with(values, at, -7)),
            ("one too many", _with(values, at, int(values.max()) + 1)),
            ("less than the one before", _with(values, -1, 0)),
            ("shorter", values[:-1]),
            ("empty", values[:0]),
            ("halves", values + 0.5),
            ("huge", values.astype(np.uint64) + 2**63),
        )
    )
    del x[part]
    x[part] = changed
    harmless = said == "as it was"
    unseen = VALUES if part == "indices" and said == "less than the one before" else NOTHING
    return Change(f"X/{part}: {said}", unseen, must="equal" if harmless else "")


def _with(values: np.ndarray, at: int, value: int) -> np.ndarray:
    changed = values.copy()
    changed[at] = value
    return changed


@_in_file
def _linked(file: Any, rng: Random) -> Change:
    """Have the file take its content from other files, with the user's rights."""
    import h5py

    name = rng.choice(("X", "obs/_index", "var/_index"))
    del file[name]
    if rng.random() < 0.5:
        file[name] = h5py.ExternalLink("other.h5", "/X")
        return Change(f"{name} is a link into another file", must="refuse")
    shape = {"X": (8, 12), "obs/_index": (8,), "var/_index": (12,)}[name]
    kind = "f4" if name == "X" else "S4"
    external = [("/etc/passwd", 0, 4 * int(np.prod(shape)))]
    file.create_dataset(name, shape=shape, dtype=kind, external=external)
    return Change(f"{name} is stored in another file", must="refuse")


@_in_file
def _holes(file: Any, rng: Random) -> Change:
    """Store an array in pieces, one of which was never written: it reads as zeros."""
    import h5py

    arrays = ("X", "uns/parcellation/labels", "obsm/spatial")
    name = rng.choice([n for n in arrays if isinstance(file.get(n), h5py.Dataset)] or ["obs"])
    if name == "obs":
        return Change("nothing", must="equal")
    values, attributes = file[name][...], dict(file[name].attrs)
    del file[name]
    chunks = (max(1, len(values) // 2), *values.shape[1:])
    array = file.create_dataset(name, shape=values.shape, dtype=values.dtype, chunks=chunks)
    array[: chunks[0]] = values[: chunks[0]]
    array.attrs.update(attributes)
    return Change(f"a piece of {name} is missing")


@_in_file
def _bomb(file: Any, rng: Random) -> Change:
    """Promise arrays of GB that take no room in the file."""
    import h5py

    n = 60_000_000
    text = h5py.string_dtype()
    arrays: dict[str, tuple[tuple[int, ...], Any]] = rng.choice(
        (
            {"X": ((10**6, 10**6), "f4")},
            {"X": ((n, 12), "f4"), "obs/_index": ((n,), text)},
            {"obs/_index": ((n,), text)},
            {"obsm/spatial": ((300_000_000, 3), "f8"), "uns/provenance": ((n,), text)},
            {"uns/parcellation/labels": ((2000, 2000, 600), "i1")},
        )
    )
    for name, (shape, kind) in arrays.items():
        attributes = dict(file[name].attrs) if name in file else {}
        if name in file:
            del file[name]
        array = file.create_dataset(name, shape, kind, chunks=True, compression="gzip")
        array.attrs.update({k: v for k, v in attributes.items() if k != "shape"})
    return Change(f"{', '.join(arrays)} of GB")


MUTATORS = (
    *[_bytes] * 6,
    *[_replaced] * 4,
    *[_removed] * 2,
    *[_attribute] * 2,
    *[_edited] * 4,
    *[_in_file(_reordered("obs"))] * 2,
    _in_file(_reordered("var")),
    *[_sparse] * 2,
    _linked,
    _holes,
    _bomb,
)
