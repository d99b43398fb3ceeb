"""Expression, latents and errors as napari layers.

The only module that knows colormaps and contrast; `_placement` knows the axes. What a
layer shows travels in its metadata as `Shown`.
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ._placement import Placement
from .core.expression import Expression, Parcellation

if TYPE_CHECKING:
    from .core.reconstruction import Reconstruction
    from .io import Volume

LayerData = tuple[np.ndarray, dict[str, Any], str]

METADATA_KEY = "compressed_transcriptomics"
MOST_SEPARATE_LAYERS = 16  # each costs the viewer a noticeable fraction of a second

# ColorBrewer's 11-class RdBu, reversed: blue below, red above; safe for the colour-blind.
_DIVERGING = (
    (5, 48, 97), (33, 102, 172), (67, 147, 195), (146, 197, 222), (209, 229, 240),
    (247, 247, 247),
    (253, 219, 199), (244, 165, 130), (214, 96, 77), (178, 24, 43), (103, 0, 31),
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Shown:
    """What a layer of ours shows; lies in ``layer.metadata[METADATA_KEY]``.

    Attributes
    ----------
    kind : str
        ``expression``, ``latents``, ``component``, ``rmse``, ``gene``, ``image``, ``labels``.
    placement : Placement
        The source grid.
    values : ndarray or None
        Per sample (n,) or (n, k), what is painted; None for a plain volume.
    parcellation, view : Parcellation or None
        Where the samples lie: as in the source (x, y, z), and laid out for the viewer (z, y, x).
    expression, reconstruction
        Where the values come from, if anywhere.
    gene : str
        The gene shown, for ``expression`` and ``gene``.
    background : float or None
        The constant of a plain volume that is shown see-through.
    centers, reach : ndarray or None
        Per component: middle and half width of the contrast limits.
    """

    kind: str
    placement: Placement
    values: np.ndarray | None = None
    parcellation: Parcellation | None = None
    view: Parcellation | None = None
    expression: Expression | None = None
    reconstruction: "Reconstruction | None" = None
    gene: str = ""
    background: float | None = None
    centers: np.ndarray | None = None
    reach: np.ndarray | None = None

    def __deepcopy__(self, memo: dict) -> "Shown":
        return self  # immutable; duplicating a layer must not copy the expression matrix

    @property
    def is_signed(self) -> bool:
        """Whether the layer shows signed values around a middle (latent components)."""
        return self.centers is not None

    def painted(self, filled: bool = False) -> np.ndarray:
        """Return the viewer's array ([k,] z, y, x); NaN outside, or each middle if `filled`."""
        assert self.values is not None
        assert self.view is not None
        data = self.view.paint(self.values)
        if filled and self.centers is not None:
            middle = self.centers.astype(np.float32)
            data = np.where(np.isnan(data), middle if data.ndim == 4 else middle[0], data)
        return np.moveaxis(data, 3, 0) if data.ndim == 4 else data

    def contrast_limits(self, component: int = 0) -> tuple[float, float]:
        """Return the contrast limits: symmetric about the middle for signed values."""
        if self.centers is not None and self.reach is not None:
            center, reach = float(self.centers[component]), float(self.reach[component])
            return center - reach, center + reach
        assert self.values is not None
        low, high = np.nanpercentile(self.values, [1, 99])
        if self.kind == "rmse":
            low = 0.0
        return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def shown(layer: Any) -> Shown | None:
    """Return what a layer of ours shows, or None for any other layer."""
    found = getattr(layer, "metadata", {}).get(METADATA_KEY)
    return found if isinstance(found, Shown) else None


def diverging_colormap(see_through: bool) -> Any:
    """Return the colormap of signed maps; with `see_through`, alpha grows with distance.

    In 3-D translucent rendering the middle of the range, and with it everything outside
    the brain, must be transparent; in 2-D NaN is, so there the map is opaque.
    """
    from napari.utils.colormaps import Colormap

    colors = np.ones((len(_DIVERGING), 4))
    colors[:, :3] = np.array(_DIVERGING) / 255
    if see_through:
        colors[:, 3] = np.abs(np.linspace(-1, 1, len(colors))) ** 1.5 * 0.8
    name = "blue-red (3-D)" if see_through else "blue-red"
    return Colormap(colors, name=name, display_name=name)


def expression_layer(expression: Expression, gene: str | None = None) -> LayerData:
    """Show one gene of an expression (the first, if not said) as a 3-D image layer."""
    gene = gene or expression.genes[0]
    what = Shown(
        "expression",
        **_space(expression.parcellation),
        values=expression.values[:, expression.column(gene)],
        expression=expression,
        gene=gene,
    )
    return _image(what, f"{expression.name}: {gene}")


def show_gene(layer: Any, gene: str) -> None:
    """Switch an expression or reconstructed-gene layer to another gene."""
    old = shown(layer)
    assert old is not None
    assert old.expression is not None
    if old.kind == "gene":
        assert old.reconstruction is not None
        values = old.reconstruction.gene(gene)
    else:
        values = old.expression.values[:, old.expression.column(gene)]
    new = replace(old, values=values, gene=gene)
    layer.metadata[METADATA_KEY] = new
    layer.data = new.painted()
    _set_contrast(layer, new)
    layer.name = layer.name.replace(f": {old.gene}", f": {gene}")


def latent_layers(result: "Reconstruction", separate: bool = False) -> list[LayerData]:
    """Show latents as one 4-D stack (component, z, y, x), or as one 3-D layer a component.

    Parameters
    ----------
    result : Reconstruction
    separate : bool
        One layer a component; only up to `MOST_SEPARATE_LAYERS`, a stack beyond.
    """
    latents = result.latents
    what = Shown(
        "latents",
        **_space(result.expression.parcellation),
        values=latents,
        expression=result.expression,
        reconstruction=result,
        **_middle_and_reach(latents),
    )
    if not separate or latents.shape[1] > MOST_SEPARATE_LAYERS:
        return [_image(what, f"{_title(result)} latents")]
    parts = []
    for k in range(latents.shape[1]):
        one = replace(
            what, kind="component", values=latents[:, k], **_middle_and_reach(latents[:, [k]])
        )
        parts.append(_image(one, f"{_title(result)} component {k + 1}", visible=k == 0))
    return parts


def error_layer(result: "Reconstruction") -> LayerData:
    """Show the RMSE of each sample over genes, in the units of the expression."""
    what = Shown(
        "rmse",
        **_space(result.expression.parcellation),
        values=result.rmse_samples,
        expression=result.expression,
        reconstruction=result,
    )
    return _image(what, f"{_title(result)} RMSE")


def gene_layer(result: "Reconstruction", gene: str) -> LayerData:
    """Show the reconstruction of one gene, with the contrast of the original."""
    what = Shown(
        "gene",
        **_space(result.expression.parcellation),
        values=result.gene(gene),
        expression=result.expression,
        reconstruction=result,
        gene=gene,
    )
    data, attributes, kind = _image(what, f"{_title(result)} rebuilt: {gene}")
    original = replace(what, values=result.expression.values[:, result.expression.column(gene)])
    attributes["contrast_limits"] = original.contrast_limits()
    return data, attributes, kind


def volume_layer(volume: "Volume") -> LayerData:
    """Show a volume read from a file where its affine says, its background see-through.

    Label volumes become a Labels layer; saved latents (4-D) look as they did.
    """
    if volume.kind == "labels":
        what = Shown("labels", Placement(volume.data.shape, volume.affine))
        data = np.ascontiguousarray(what.placement.to_viewer(volume.data))
        return data, _attributes(what, volume.name), "labels"
    inside = np.isfinite(volume.data)
    if volume.background is not None:
        inside &= volume.data != np.float32(volume.background)
    if inside.ndim == 4:
        inside = inside.any(axis=3)
    values = volume.data[inside].astype(np.float32)
    signed = volume.intent in ("latents", "component")
    what = Shown(
        volume.intent if signed or volume.intent == "rmse" else volume.kind,
        **_space(Parcellation.from_mask(inside, volume.affine)),
        values=values,
        background=volume.background,
    )
    if signed:
        what = replace(what, **_middle_and_reach(values.reshape(len(values), -1)))
    return _image(what, volume.name)


def _space(parcellation: Parcellation) -> dict[str, Any]:
    placement = Placement(parcellation.labels.shape, parcellation.affine)
    labels = np.ascontiguousarray(placement.to_viewer(parcellation.labels))
    # An oblique grid can lose a one-voxel sample in resampling; its value must not shift others.
    view = _View(labels, parcellation.affine, parcellation.n_samples)
    return {"placement": placement, "parcellation": parcellation, "view": view}


class _View(Parcellation):
    """A parcellation laid out for the viewer, which remembers how many samples there are."""

    def __init__(self, labels: np.ndarray, affine: np.ndarray, n_samples: int):
        super().__init__(labels, affine)
        self.__dict__["n_samples"] = n_samples


def _title(result: "Reconstruction") -> str:
    return f"{result.codec.id} k={result.codec.latent_size}"


def _attributes(
    what: Shown, name: str, stacked: bool = False, visible: bool = True
) -> dict[str, Any]:
    placement = what.placement
    scale, translate = placement.scale, placement.translate
    units: tuple[str, ...] = ("mm",) * 3
    labels: tuple[str, ...] = ("z", "y", "x")
    if stacked:  # components count from 1
        scale, translate = np.r_[1, scale], np.r_[1, translate]
        units, labels = ("pixel", *units), ("component", *labels)
    return {
        "name": name,
        "scale": scale,
        "translate": translate,
        "units": units,
        "axis_labels": labels,
        "metadata": {METADATA_KEY: what},
        "visible": visible,
    }


def _middle_and_reach(values: np.ndarray) -> dict[str, Any]:
    """Mean of each column, and the distance from it that 99 % of the samples keep within."""
    centers = np.nanmean(values, axis=0, dtype=float)
    reach = np.nanpercentile(np.abs(values - centers), 99, axis=0)
    return {"centers": centers, "reach": np.where(reach > 0, reach, 1.0)}


def _image(what: Shown, name: str, visible: bool = True) -> LayerData:
    data = what.painted()
    colormap = "inferno" if what.kind == "rmse" else "viridis"
    attributes = _attributes(what, name, stacked=data.ndim == 4, visible=visible)
    attributes |= {
        "colormap": diverging_colormap(see_through=False) if what.is_signed else colormap,
        "contrast_limits": what.contrast_limits(),
        "rendering": "mip",
    }
    return data, attributes, "image"


def follow_component(layer: Any, component: int) -> None:
    """Set a latent layer's contrast to that of one of its components, counted from 0."""
    what = shown(layer)
    if what is not None and what.is_signed:
        _set_contrast(layer, what, component)


def _set_contrast(layer: Any, what: Shown, component: int = 0) -> None:
    low, high = what.contrast_limits(component)
    margin = high - low
    layer.contrast_limits_range = (low - margin, high + margin)
    layer.contrast_limits = (low, high)
