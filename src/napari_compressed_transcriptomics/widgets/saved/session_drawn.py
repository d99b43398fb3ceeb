"""Layers that are of no result and in no file, above all those drawn by hand, beside a session."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.io.files.safetensors_file import (
    read_safetensors,
    write_safetensors,
)

BY_HAND = ("labels", "points", "shapes")
"""Types of layers that are drawn, whose numbers are kept even where they come from a file."""
MOST_BYTES = 200_000_000
"""Of a layer's numbers, of labels within the box that holds them."""
_LARGEST_VOLUME = 4_000_000_000
_PLACE = ("scale", "translate", "rotate", "shear", "affine", "units", "axis_labels")
_OF_COLORS = ("colormap", "contrast_limits")
_KEPT: dict[str, tuple[str, ...]] = {
    "labels": (),
    "points": (
        "symbol", "size", "face_color", "border_color", "border_width",
        "border_width_is_relative", "out_of_slice_display", "shown", "text", "features",
    ),
    "shapes": (
        "shape_type", "z_index", "edge_width", "edge_color", "face_color", "text", "features",
    ),
    "image": ("rgb", "rendering", "interpolation2d", "interpolation3d", *_OF_COLORS),
    "surface": ("shading", "vertex_colors", *_OF_COLORS),
    "vectors": ("length", "edge_width", "edge_color", "vector_style", "features"),
}  # fmt: skip
_SURFACE = ("vertices", "faces", "values")


class Drawn:
    """The layers of a session that are kept by their numbers.

    Attributes
    ----------
    arrays : dict of str to ndarray
        Numbers of all layers: ``LAYER.NAME``.
    """

    def __init__(self, arrays: dict[str, np.ndarray] | None = None):
        self.arrays = {} if arrays is None else arrays
        self._n = 0

    @classmethod
    def read(cls, path: Path) -> "Drawn":
        """Read what `write` wrote; a `UserError` says what is wrong with it."""
        return cls(read_safetensors(path)[1])

    def write(self, path: Path) -> None:
        """Write all numbers as safetensors."""
        write_safetensors(path, {}, self.arrays)

    def add(self, layer: Any) -> dict[str, Any] | None:
        """Keep a layer; return what a session's record says of it, None where it cannot be kept.

        It cannot where napari computes or reads its numbers when they are needed, where they are
        too many, and where it is of a type that is not known here.
        """
        data, state, type_ = layer.as_layer_data_tuple()
        if type_ not in _KEPT or getattr(layer, "multiscale", False):
            return None
        found = _numbers(data, type_)
        if found is None or not all(map(_can_be_kept, found[0].values())):
            return None
        arrays, about = found
        for name in (*_PLACE, *_KEPT[type_]):
            value = _plain(state.get(name))
            if isinstance(value, np.ndarray) and value.size > 100:
                arrays[name] = np.ascontiguousarray(value)
            elif value is not None:
                about[name] = _listed(value)
        return {"type": type_, "key": self.keep(arrays), "attributes": about}

    def keep(self, arrays: dict[str, np.ndarray]) -> str:
        """Keep the numbers of a layer; return the key of the layer in `arrays`."""
        key = str(self._n)
        self._n += 1
        self.arrays |= {f"{key}.{name}": array for name, array in arrays.items()}
        return key

    def show(self, viewer: Any, entry: dict[str, Any]) -> Any:
        """Add a layer to a viewer as it was.

        Raises
        ------
        KeyError, TypeError, ValueError
            The record or the numbers are damaged.
        """
        type_, data, attributes = self._parts(entry)
        text = attributes.pop("text", None)
        layer = getattr(viewer, f"add_{type_}")(data, **attributes)
        if text is not None:
            with suppress(TypeError, ValueError):  # of another version of napari
                layer.text = text
        return layer

    def numbers(self, entry: dict[str, Any]) -> Any:
        """Return the numbers of a layer, as ``layer.data``."""
        return self._parts(entry)[1]

    def _parts(self, entry: dict[str, Any]) -> tuple[str, Any, dict[str, Any]]:
        type_, about = entry["type"], dict(entry["attributes"])
        if type_ not in _KEPT:
            raise ValueError(type_)
        start = f"{entry['key']}."
        arrays = {
            name.removeprefix(start): array
            for name, array in self.arrays.items()
            if name.startswith(start)
        }
        box, sizes = about.pop("box", None), about.pop("sizes", None)
        if type_ == "surface":
            data: Any = tuple(arrays.pop(name) for name in _SURFACE if name in arrays)
        elif type_ == "shapes":
            data = np.split(arrays.pop("data"), np.cumsum(sizes)[:-1]) if sizes else []
        else:
            data = arrays.pop("data")
        if type_ == "labels":
            data = _uncut(data, box)
        known = {*_PLACE, *_KEPT[type_]}
        return type_, data, {k: v for k, v in (about | arrays).items() if k in known}


def _can_be_kept(array: np.ndarray) -> bool:
    return array.dtype.kind in "fiub" and array.dtype.isnative and array.nbytes <= MOST_BYTES


def _numbers(data: Any, type_: str) -> tuple[dict[str, np.ndarray], dict[str, Any]] | None:
    """Return the data of a layer as arrays, and what else is needed to make them again."""
    if type_ == "surface":
        return {name: np.asarray(part) for name, part in zip(_SURFACE, data, strict=False)}, {}
    if type_ == "shapes":
        sizes = [len(shape) for shape in data]
        return {"data": np.concatenate(data)} if sizes else {}, {"sizes": sizes}
    if not isinstance(data, np.ndarray) or data.nbytes > _LARGEST_VOLUME:
        return None
    if type_ == "labels":
        return _cut(data)
    return {"data": data}, {}


def _cut(labels: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Return the box that holds labels, in the narrowest integers, and where it lies."""
    spans = []
    for axis in range(labels.ndim):
        others = tuple(other for other in range(labels.ndim) if other != axis)
        there = np.flatnonzero(labels.any(axis=others))
        spans.append([int(there[0]), int(there[-1]) + 1] if len(there) else [0, 0])
    part = labels[tuple(slice(*span) for span in spans)]
    least, most = (int(part.min()), int(part.max())) if part.size else (0, 0)
    narrow = np.result_type(np.min_scalar_type(least), np.min_scalar_type(most))
    box = {"shape": list(labels.shape), "dtype": str(labels.dtype), "spans": spans}
    return {"data": part.astype(narrow)}, {"box": box}


def _uncut(part: np.ndarray, box: dict[str, Any]) -> np.ndarray:
    shape = tuple(map(int, box["shape"]))
    dtype = np.dtype(box["dtype"])
    if dtype.kind not in "biu" or np.prod(shape, dtype=float) * dtype.itemsize > _LARGEST_VOLUME:
        raise ValueError("box")
    labels = np.zeros(shape, dtype)
    labels[tuple(slice(*map(int, span)) for span in box["spans"])] = part
    return labels


def _plain(value: Any) -> Any:
    """Return a value of a layer as numbers or text, None where it is neither."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "O":
        return [str(part) for part in value]  # enumerations
    if hasattr(value, "to_dict") and hasattr(value, "columns"):  # a DataFrame
        return value.to_dict("list") if len(value.columns) else None
    if isinstance(value, dict) and "colors" in value:  # a colormap
        return value.get("name")
    return value


def _listed(value: Any) -> Any:
    """Return a value as JSON has it."""
    if isinstance(value, dict):
        return {str(key): _listed(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_listed(part) for part in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if value is None or isinstance(value, bool | int | float | str):
        return value if type(value) in (bool, int, float, str, type(None)) else str(value)
    return str(value)


def too_large(names: list[str]) -> str:
    """Say which layers a session does not keep."""
    return (
        f"Not kept, as their numbers are computed when needed or too many: {', '.join(names)}; "
        "save them as files, open these, and save the session again"
    )
