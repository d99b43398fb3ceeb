"""The space that the brain of a layer lies in, as its data record it."""

from typing import Any

from napari_compressed_transcriptomics.core import brain_space

from .layer_content import shown


def source_of_layer(layer: Any) -> dict[str, Any]:
    """Return what records where a layer's data come from; all layers of the data share it."""
    what = shown(layer)
    if what is not None and what.expression is not None:
        return what.expression.source
    return layer.metadata.setdefault("source", {})


def space_of_layer(layer: Any) -> str:
    """Return the space of a layer, a key of `core.brain_space.SPACES`; empty if not known."""
    return brain_space.space_of(source_of_layer(layer))


def layers_of_unknown_space(viewer: Any) -> list[Any]:
    """Return the layers of ours whose space nobody has told yet."""
    return [x for x in viewer.layers if shown(x) is not None and not space_of_layer(x)]


def record_space(viewer: Any, space: str) -> None:
    """Record a space for all layers of ours whose space is not known."""
    for layer in layers_of_unknown_space(viewer):
        brain_space.record_space(source_of_layer(layer), space)
