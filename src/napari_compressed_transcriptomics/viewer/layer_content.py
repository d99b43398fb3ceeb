"""What a layer of ours shows, and where; lies in the layer's metadata as `LayerContent`."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

import numpy as np

from napari_compressed_transcriptomics.core.display_range import (
    display_range,
    error_range,
    symmetric_range,
)
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.reconstruction.held_out_error import HELD_OUT
from napari_compressed_transcriptomics.spatial.ribbon import ribbon
from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation

from .image_space import ImageSpace
from .painted_stack import PaintedStack

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

METADATA_KEY = "compressed_transcriptomics"
SURFACE_KEY = "compressed_transcriptomics_surface"
"""Where a Surface layer says what its numbers are; as it has no samples, it is none of ours."""
ERRORS = ("rmse", HELD_OUT)
"""Kinds of layers that show an error, which begins at 0."""
_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 10)


@dataclass(frozen=True, eq=False)
class LayerContent:
    """What a layer of ours shows; lies in ``layer.metadata[METADATA_KEY]``."""

    kind: str
    """``expression``, ``latents``, ``component``, ``rmse``, ``gene``, ``image``, ``labels``;
    ``held_out_rmse`` of samples while they were not seen; ``original``, ``reconstructed``,
    ``difference`` where a gene of these is compared; ``composite`` of three components in colour;
    ``distance`` to training data; ``error_difference`` of two results; ``target``, ``predicted``
    and ``prediction_error`` of a prediction."""
    image_space: ImageSpace
    """The source grid."""
    values: np.ndarray | None = None
    """Per sample (n,) or (n, k), what is painted; red, green and blue (n, 3) in 0..1 for
    ``composite``; None for a plain volume."""
    parcellation: Parcellation | None = None
    view: "View | None" = None
    """`parcellation`, `view`: where the samples lie: as in the source (x, y, z), and laid out for
    the viewer (z, y, x), of a large grid only the part around the brain."""
    expression: Expression | None = None
    reconstruction: "Reconstruction | None" = None
    """`expression`, `reconstruction`: where the values come from, if anywhere."""
    gene: str = ""
    """The gene shown, for ``expression``, ``gene`` and comparisons."""
    background: float | None = None
    """The constant of a plain volume that is shown see-through."""
    centers: np.ndarray | None = None
    reach: np.ndarray | None = None
    """`centers`, `reach`: per component: middle and half width of the contrast limits."""

    def __deepcopy__(self, memo: dict) -> "LayerContent":
        return self  # immutable; duplicating a layer must not copy the expression matrix

    @property
    def is_signed(self) -> bool:
        """Whether the layer shows signed values around a middle (latent components)."""
        return self.centers is not None

    def painted(self) -> "np.ndarray | PaintedStack":
        """Return the viewer's array ([k,] z, y, x), NaN outside; a stack is painted when read.

        A ``composite`` is RGBA (z, y, x, 4), uint8, transparent outside.
        """
        assert self.values is not None
        assert self.view is not None
        if self.kind == "composite":
            return _rgba(self.view.paint(self.values))
        return self.view.paint(self.values) if (stack := self.stack()) is None else stack

    def stack(self) -> PaintedStack | None:
        """Return the components as one stack; None for what is one map or one picture."""
        if self.values is None or self.view is None or self.values.ndim < 2:
            return None
        return None if self.kind == "composite" else PaintedStack(self.view, self.values)

    def contrast_limits(self, component: int = 0) -> tuple[float, float]:
        """Return the contrast limits: symmetric about the middle for signed values."""
        if self.centers is not None and self.reach is not None:
            center, reach = float(self.centers[component]), float(self.reach[component])
            reach = rounded_up(reach)
            return center - reach, center + reach
        assert self.values is not None
        return (error_range if self.kind in ERRORS else display_range)(self.values)


def rounded_up(reach: float) -> float:
    """Return the next round number: of others napari's colour bar may label only the middle."""
    if not (np.isfinite(reach) and reach > 0):
        return reach
    power = 10.0 ** np.floor(np.log10(reach))
    return float(power * next(step for step in _ROUND if step >= reach / power * (1 - 1e-6)))


def _rgba(colors: np.ndarray) -> np.ndarray:
    """Return colours (..., 3) in 0..1 as uint8 RGBA, transparent where they are NaN."""
    inside = ~np.isnan(colors[..., :1])
    rgba = np.concatenate([np.nan_to_num(colors), inside], axis=-1)
    return np.rint(255 * rgba).astype(np.uint8)


def shown(layer: Any) -> LayerContent | None:
    """Return what a layer of ours shows, or None for any other layer."""
    found = getattr(layer, "metadata", {}).get(METADATA_KEY)
    return found if isinstance(found, LayerContent) else None


def measured(layer: Any) -> LayerContent | None:
    """Return what the numbers of a layer of ours are, also on a surface; None for any other."""
    return shown(layer) or getattr(layer, "metadata", {}).get(SURFACE_KEY)


def space(parcellation: Parcellation) -> dict[str, Any]:
    """Return what `LayerContent` needs to know of where samples lie; of vertices, the ribbon.

    All layers of the same samples share it: of 200 x 200 x 200 voxels it takes 32 MB.
    """
    if parcellation not in _spaces:
        _spaces[parcellation] = _laid_out(parcellation)
    image_space, view = _spaces[parcellation]
    return {"image_space": image_space, "parcellation": parcellation, "view": view}


def _laid_out(parcellation: Parcellation) -> "tuple[ImageSpace, View]":
    labels, affine = parcellation.labels, parcellation.affine
    if isinstance(parcellation, SurfaceParcellation):
        labels, affine = ribbon(parcellation)
    image_space = ImageSpace(labels.shape, affine)
    labels = image_space.to_viewer(labels)
    # An oblique grid can lose a one-voxel sample in resampling; its value must not shift others.
    lacking = parcellation.lacking
    if lacking is not None:
        lacking = image_space.to_viewer(lacking.astype(np.uint8)) > 0
    ends = _ends(labels if lacking is None else lacking | (labels > 0))
    image_space = image_space.part_around(ends)
    labels = np.ascontiguousarray(labels[image_space.part])
    if lacking is not None:
        lacking = np.ascontiguousarray(lacking[image_space.part])
    ends = ends - [cut.start or 0 for cut in image_space.part]
    return image_space, View(labels, affine, parcellation.n_samples, ends, lacking=lacking)


def _ends(inside: np.ndarray) -> np.ndarray:
    """Return the first and the last place, shape (2, 3), along each axis of what is not 0."""
    found = []
    for axis in range(3):
        at = np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis})))
        found.append((at[0], at[-1]) if len(at) else (0, 0))
    return np.transpose(found)


@dataclass(frozen=True, eq=False)
class View(Parcellation):
    """A parcellation laid out for the viewer, which remembers how many samples there are."""

    n_all: int = 0
    ends: np.ndarray = field(default_factory=lambda: np.zeros((2, 3), int))
    """First and last voxel (z, y, x) of samples and of regions without data. Of int, shape (2,
    3)."""

    @property
    def n_samples(self) -> int:  # type: ignore[override]
        """Number of samples, also where the last has lost its voxel."""
        return self.n_all


_spaces: WeakKeyDictionary[Parcellation, tuple[ImageSpace, View]] = WeakKeyDictionary()


def middle_and_reach(values: np.ndarray, center: float | None = None) -> dict[str, Any]:
    """Return what `LayerContent` needs to know of signed values, see `symmetric_range`."""
    centers, reach = symmetric_range(values, center)
    return {"centers": centers, "reach": reach}


def on_surface(layer: Any) -> bool:
    """Tell whether a layer's values can be brought to the cortical surface."""
    what = shown(layer)
    return what is not None and what.values is not None and what.kind not in ("labels", "composite")
