"""npe2 writers: layers to NIfTI, AnnData and CSV, exactly where they lie."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np

from .core.errors import UserError
from .io.files.file_names import safe_stem
from .viewer.anatomy.solid import unfilled
from .viewer.layer_content import METADATA_KEY, LayerContent
from .viewer.layers import LayerData
from .viewer.painted_stack import PaintedStack

Writer = Callable[[str, list[LayerData]], list[str]]


class CannotSaveError(RuntimeError):
    """The sentence of a `UserError`: napari takes any `ValueError` for a plugin that is missing."""


def _said(write: Writer) -> Writer:
    @wraps(write)
    def writing(path: str, layers: list[LayerData]) -> list[str]:
        try:
            return write(path, layers)
        except UserError as error:
            raise CannotSaveError(str(error)) from None

    return writing


@_said
def write_nifti(path: str, layers: list[LayerData]) -> list[str]:
    """Write one file a layer: the source's grid and affine, NaN outside, a JSON sidecar.

    Several layers are written beside each other, the layer's name added to the file's.
    """
    from .io.files.nifti import write_volume

    written = []
    for (data, attributes, kind), target in zip(layers, _targets(path, layers), strict=True):
        volume, affine = source_volume(data, attributes)
        what = _shown(attributes)
        label = what.kind if what is not None else ("labels" if kind == "labels" else "image")
        written += write_volume(target, volume, affine, kind=label, provenance=_describe(what))
    return [str(file) for file in written]


@_said
def write_h5ad(path: str, layers: list[LayerData]) -> list[str]:
    """Write expression, latents (`obsm`) and errors (`obs`, `var`) of one compression."""
    from .io.writers.h5ad_write import write_h5ad as write

    found = [what for what in map(_shown, (attributes for _, attributes, _ in layers)) if what]
    expressions = _distinct(what.expression for what in found)
    results = _distinct(what.reconstruction for what in found)
    if len(expressions) != 1 or len(results) > 1:
        raise UserError(
            "an .h5ad file holds one expression with one compression of it; "
            "select only layers of one compression"
        )
    write(path, expressions[0], results[0] if results else None)
    return [path]


@_said
def write_csv(path: str, layers: list[LayerData]) -> list[str]:
    """Write one row per sample: its name, and a column for each layer (or component)."""
    from .io.writers.results import write_sample_csv

    columns: dict[str, np.ndarray] = {}
    expressions = []
    for _, attributes, _ in layers:
        what = _shown(attributes)
        if what is None or what.values is None or what.expression is None:
            raise UserError(
                f"layer “{attributes['name']}” has no samples to write as rows; "
                "save it as .nii.gz instead"
            )
        expressions.append(what.expression)
        columns |= _columns(what, attributes["name"])
    if len(_distinct(e.parcellation for e in expressions)) != 1:
        raise UserError("layers of different data do not fit one CSV; save them one by one")
    described = [_describe(_shown(attributes)) for _, attributes, _ in layers]
    files = write_sample_csv(path, expressions[0], columns, provenance={"layers": described})
    return [str(file) for file in files]


def source_volume(data: np.ndarray, attributes: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Return a layer as volume (x, y, z[, k]) and affine to RAS millimetres.

    A layer of ours that was not moved gives back its source's grid and affine exactly, unless it
    was edited and its source is oblique; for any other layer both follow from its own transform.
    """
    what = _shown(attributes)
    if what is not None and _is_unmoved(what, attributes):
        place = what.parcellation
        on_grid = place is not None and place.labels.shape == what.image_space.shape
        if place is not None and on_grid and what.values is not None and _is_unedited(what, data):
            volume = place.paint(what.values)
            if what.background is not None:
                volume = np.where(np.isnan(volume), np.float32(what.background), volume)
            return volume, what.image_space.affine
        same_grid = np.shape(data)[-3:] == what.image_space.viewer_shape
        if same_grid and not what.image_space.is_oblique and not attributes.get("rgb"):
            return what.image_space.from_viewer(np.asarray(data)), what.image_space.affine
    if attributes.get("rgb"):
        raise UserError(
            f"layer “{attributes['name']}” holds colours and was moved or comes from elsewhere; "
            "save the layers that its colours were made of"
        )
    data = np.asarray(data)
    volume = data.T if data.ndim == 3 else np.moveaxis(data, 0, 3).transpose(2, 1, 0, 3)
    return volume, _affine(attributes)


def _affine(attributes: dict[str, Any]) -> np.ndarray:
    """Compose a layer's transform into an affine from (x, y, z) voxels to (x, y, z) mm."""
    from napari.utils.transforms import Affine

    keys = ("scale", "translate", "rotate", "shear")
    matrix = Affine(**{key: attributes[key] for key in keys if key in attributes}).affine_matrix
    if "affine" in attributes:
        matrix = np.asarray(attributes["affine"]) @ matrix
    spatial = [-2, -3, -4]  # x, y, z of (..., z, y, x) in homogeneous coordinates
    affine = np.eye(4)
    affine[:3, :3] = matrix[np.ix_(spatial, spatial)]
    affine[:3, 3] = matrix[spatial, -1]
    return affine


def _is_unmoved(what: LayerContent, attributes: dict[str, Any]) -> bool:
    image_space = what.image_space
    expected = np.eye(4)
    for column, row in enumerate((2, 1, 0)):
        expected[column, column] = image_space.scale[row]
        expected[column, 3] = image_space.translate[row]
    return np.allclose(_affine(attributes), expected, atol=1e-6)


def _is_unedited(what: LayerContent, data: Any) -> bool:
    painted = what.painted()
    if isinstance(painted, PaintedStack):
        if isinstance(data, PaintedStack):  # nobody can write into it
            return data.values is painted.values
        if np.shape(data) != painted.shape:
            return False
        return all(_is_painted(data[k], painted[k]) for k in range(len(painted)))
    return _is_painted(data, painted)


def _is_painted(data: np.ndarray, painted: np.ndarray) -> bool:
    return np.array_equal(data, painted, equal_nan=True) or unfilled(data, painted)


def _shown(attributes: dict[str, Any]) -> LayerContent | None:
    found = (attributes.get("metadata") or {}).get(METADATA_KEY)
    return found if isinstance(found, LayerContent) else None


def _describe(what: LayerContent | None) -> dict[str, Any]:
    """Return what made a layer, JSON-safe."""
    from .core.provenance import versions
    from .reconstruction.summary import provenance_of

    if what is None:
        return {"versions": versions()}
    made: dict[str, Any] = {"gene": what.gene} if what.gene else {}
    if what.reconstruction is not None:
        return provenance_of(what.reconstruction) | made
    if what.expression is not None:
        made["source"] = what.expression.source
    return {"versions": versions()} | made


def _columns(what: LayerContent, name: str) -> dict[str, np.ndarray]:
    assert what.values is not None
    if what.kind == "composite":
        return dict(zip(("red", "green", "blue"), what.values.T, strict=True))
    if what.values.ndim == 2:
        return {f"component_{k + 1}": column for k, column in enumerate(what.values.T)}
    if what.kind == "component":
        return {"component_" + name.rsplit(" ", 1)[-1]: what.values}
    return {f"{what.kind}_{what.gene}" if what.gene else what.kind: what.values}


def _targets(path: str, layers: list[LayerData]) -> list[Path]:
    target = Path(path)
    if len(layers) == 1:
        return [target]
    base = target.name.removesuffix(".gz").removesuffix(".nii")
    names = [safe_stem(attributes["name"], "_") for _, attributes, _ in layers]
    if len(set(names)) < len(names):
        names = [f"{name}_{number}" for number, name in enumerate(names, 1)]
    return [target.with_name(f"{base}_{name}.nii.gz") for name in names]


def _distinct(things: Any) -> list[Any]:
    return list({id(thing): thing for thing in things if thing is not None}.values())
