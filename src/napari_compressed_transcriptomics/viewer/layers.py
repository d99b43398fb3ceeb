"""Expression, latents and errors as napari layers.

What a layer shows travels in its metadata as `LayerContent`; `_placement` knows the axes.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import short_title
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.reconstruction.held_out_error import HELD_OUT
from napari_compressed_transcriptomics.reconstruction.latent_change import usual_range
from napari_compressed_transcriptomics.reconstruction.training_distance import UNKNOWN
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import NO_ERROR, at_hand

from .anatomy.solid import paint
from .colormaps import diverging_colormap, novelty_colormap
from .image_space import ImageSpace
from .layer_content import ERRORS, METADATA_KEY, LayerContent, middle_and_reach, shown, space
from .region_layers import name_features

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io import Volume
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

LayerData = tuple[Any, dict[str, Any], str]
"""As napari has it: an array or a `PaintedStack`, attributes, and the kind of layer."""

MAX_SEPARATE_LAYERS = 16  # each costs the viewer a noticeable fraction of a second


def expression_layer(expression: Expression, gene: str | None = None) -> LayerData:
    """Show one gene of an expression (the first, if not said) as a 3-D image layer."""
    gene = gene or expression.genes[0]
    what = LayerContent(
        "expression",
        **space(expression.parcellation),
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
    original = None
    if old.kind != "gene" or at_hand(old.expression):
        original = values = old.expression.values[:, old.expression.column(gene)]
    if old.kind == "gene":
        assert old.reconstruction is not None
        values = old.reconstruction.gene(gene)
    update(layer, replace(old, values=values, gene=gene), limits_of=original)


def update(layer: Any, what: LayerContent, limits_of: np.ndarray | None = None) -> None:
    """Let a layer show other values of the same samples, with contrast limits of their own.

    Parameters
    ----------
    layer : napari.layers.Image
        Where its name tells the gene, it tells the new one.
    what : LayerContent
        What to show from now on.
    limits_of : ndarray, shape (n_samples,), optional
        Take the contrast limits of these values instead.
    """
    old = shown(layer)
    assert old is not None
    of_limits = what if limits_of is None else replace(what, values=limits_of)
    paint(layer, what, of_limits.contrast_limits())
    layer.metadata = {**layer.metadata, METADATA_KEY: what}  # tells those who follow the layer
    layer.refresh(extent=False)
    _set_contrast(layer, of_limits)
    layer.name = layer.name.replace(f": {old.gene}", f": {what.gene}")


def latent_layers(result: "Reconstruction", separate: bool = False) -> list[LayerData]:
    """Show latents as one 4-D stack (component, z, y, x), or as one 3-D layer per component.

    Parameters
    ----------
    result : Reconstruction
    separate : bool
        One layer per component; only up to `MAX_SEPARATE_LAYERS`, a stack beyond.
    """
    latents = result.latents
    what = _latents(result.expression, latents, result)
    if not separate or latents.shape[1] > MAX_SEPARATE_LAYERS:
        return [_image(what, f"{_title(result)} latents")]
    parts = []
    for k in range(latents.shape[1]):
        one = replace(
            what, kind="component", values=latents[:, k], **middle_and_reach(latents[:, [k]])
        )
        parts.append(_image(one, f"{_title(result)} component {k + 1}", visible=k == 0))
    return parts


def plain_latents_layer(expression: Expression, latents: np.ndarray) -> LayerData:
    """Show latents of which no model is known as a stack, named after their data."""
    return _image(_latents(expression, latents), f"{expression.name} latents")


def _latents(
    expression: Expression, values: np.ndarray, result: "Reconstruction | None" = None
) -> LayerContent:
    more = {**space(expression.parcellation), **middle_and_reach(values), "reconstruction": result}
    return LayerContent("latents", values=values, expression=expression, **more)


def error_layer(result: "Reconstruction") -> LayerData:
    """Show the RMSE of each sample over genes, in units of the data; not of latents alone."""
    if not result.has_errors:
        raise UserError(NO_ERROR)
    return samples_layer(result.expression, result.rmse_samples, "rmse", "RMSE", result)


def held_out_layer(result: "Reconstruction") -> LayerData:
    """Show the RMSE of each sample while it was not seen.

    Raises
    ------
    UserError
        It was not measured.
    """
    if result.held_out is None:
        raise UserError("The held-out error was not measured; ask for it in Compress")
    values = result.held_out.rmse_samples
    return samples_layer(result.expression, values, HELD_OUT, "held-out RMSE", result)


def novelty_layer(result: "Reconstruction") -> LayerData:
    """Show how far each sample is from what the model was trained on, see `core.novelty`.

    The cutoff is 1, in the middle of the contrast limits, where the colormap breaks.

    Raises
    ------
    UserError
        It is not known what the model was trained on.
    """
    if result.novelty is None:
        raise UserError(UNKNOWN)
    name = "distance (> 1: outside)"  # short: cells of the grid are narrow
    distance = result.novelty.distance
    data, attributes, kind = samples_layer(result.expression, distance, "distance", name, result)
    look = {"colormap": novelty_colormap(), "contrast_limits": (0.0, 2.0)}
    return data, attributes | look, kind


def samples_layer(
    expression: Expression | Parcellation,
    values: np.ndarray,
    kind: str,
    name: str,
    result: "Reconstruction | None" = None,
    *,
    center: float | None = None,
    gene: str = "",
    visible: bool = True,
) -> LayerData:
    """Show a number of each sample as a 3-D image layer.

    Parameters
    ----------
    expression : Expression or Parcellation
        Whose samples they are, or only where they lie.
    values : ndarray, shape (n_samples,)
        NaN where there is none.
    kind : str
        `LayerContent.kind`.
    name : str
        The layer's; the method and latent size go before it where there is a `result`.
    result : Reconstruction, optional
        What they come from.
    center : float, optional
        The values are signed about this: diverging colours, symmetric limits.
    gene : str
        The gene that they are values of, if any; it follows the name.
    """
    known = expression if isinstance(expression, Expression) else None
    place = expression.parcellation if isinstance(expression, Expression) else expression
    what = LayerContent(
        kind, **space(place), values=values, expression=known, reconstruction=result, gene=gene
    )
    if center is not None:
        what = replace(what, **middle_and_reach(values[:, None], center))
    if result is not None and kind != "original":  # which is of no method
        name = f"{_title(result)} {name}"
    return _image(what, f"{name}: {gene}" if gene else name, visible)


def gene_layer(result: "Reconstruction", gene: str) -> LayerData:
    """Show the reconstruction of one gene, with the contrast of the original if it is here."""
    what = LayerContent(
        "gene",
        **space(result.expression.parcellation),
        values=result.gene(gene),
        expression=result.expression,
        reconstruction=result,
        gene=gene,
    )
    layer = _image(what, f"{_title(result)} reconstructed: {gene}")
    if result.has_originals:
        values = result.expression.values[:, result.expression.column(gene)]
        layer[1]["contrast_limits"] = replace(what, values=values).contrast_limits()
    return layer


def composite_layer(result: "Reconstruction", components: Sequence[int | None]) -> LayerData:
    """Show three components at once, as the red, green and blue of one volume.

    Each goes from none of its colour at its 1st percentile over samples to all of it at its 99th;
    outside the brain nothing is shown.

    Parameters
    ----------
    result : Reconstruction
    components : sequence of int or None, three
        For red, green and blue, counted from 0; None for none of that colour.
    """
    low, high = usual_range(result.latents).T
    parts = np.clip((result.latents - low) / (high - low), 0, 1)
    nothing = np.zeros(len(parts))
    colors = [nothing if component is None else parts[:, component] for component in components]
    what = LayerContent(
        "composite",
        **space(result.expression.parcellation),
        values=np.stack(colors, axis=1).astype(np.float32),
        expression=result.expression,
        reconstruction=result,
    )
    numbers = ", ".join("none" if i is None else str(i + 1) for i in components)
    attributes = _attributes(what, f"{_title(result)} RGB: components {numbers}")
    look = {"rgb": True, "rendering": "translucent", "interpolation3d": "nearest"}
    return what.painted(), attributes | look, "image"


def volume_layer(volume: "Volume") -> LayerData:
    """Show a volume read from a file where its affine says, its background see-through.

    Label volumes become a Labels layer; saved latents (4-D) look as they did.
    """
    if volume.kind == "labels":
        what = LayerContent("labels", ImageSpace(volume.data.shape, volume.affine))
        data = np.ascontiguousarray(what.image_space.to_viewer(volume.data))
        attributes = _attributes(what, volume.name)
        attributes["metadata"]["source"] = dict(volume.source)
        if volume.names:
            attributes["features"] = name_features(volume.names)
        return data, attributes, "labels"
    inside = np.isfinite(volume.data)
    if volume.background is not None:
        inside &= volume.data != np.float32(volume.background)
    if inside.ndim == 4:
        inside = inside.any(axis=3)
    values = volume.data[inside].astype(np.float32)
    signed = volume.intent in ("latents", "component")
    what = LayerContent(
        volume.intent if signed or volume.intent in ERRORS else volume.kind,
        **space(Parcellation.from_mask(inside, volume.affine)),
        values=values,
        background=volume.background,
    )
    if signed:
        what = replace(what, **middle_and_reach(values.reshape(len(values), -1)))
    data, attributes, kind = _image(what, volume.name)
    attributes["metadata"]["source"] = dict(volume.source)
    return data, attributes, kind


def _title(result: "Reconstruction") -> str:
    return f"{short_title(result.codec.id)} k={result.codec.latent_size}"


def _attributes(
    what: LayerContent, name: str, stacked: bool = False, visible: bool = True
) -> dict[str, Any]:
    image_space = what.image_space
    scale, translate = image_space.scale, image_space.translate
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


def _image(what: LayerContent, name: str, visible: bool = True) -> LayerData:
    data = what.painted()
    colormap = "inferno" if what.kind in ERRORS else "viridis"
    attributes = _attributes(what, name, stacked=data.ndim == 4, visible=visible)
    attributes |= {
        "colormap": diverging_colormap() if what.is_signed else colormap,
        "contrast_limits": what.contrast_limits(),
        "rendering": "mip",
    }
    return data, attributes, "image"


def follow_component(layer: Any, component: int) -> None:
    """Set a latent layer's contrast to that of one of its components, counted from 0."""
    what = shown(layer)
    if what is not None and what.is_signed:
        _set_contrast(layer, what, component)


def _set_contrast(layer: Any, what: LayerContent, component: int = 0) -> None:
    set_limits(layer, *what.contrast_limits(component))


def set_limits(layer: Any, low: float, high: float) -> None:
    """Set a layer's contrast limits, and their range where it would not do."""
    if tuple(layer.contrast_limits) == (low, high):
        return
    least, most = layer.contrast_limits_range
    reach = high - low
    # Each change of the range draws the contrast anew: leave one that serves.
    if low < least or high > most or most - least > 10 * reach:
        layer.contrast_limits_range = (low - reach, high + reach)
    layer.contrast_limits = (low, high)
