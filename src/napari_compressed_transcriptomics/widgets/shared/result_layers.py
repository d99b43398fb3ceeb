"""What a compression adds to the viewer, and what is said of it."""

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer import layers as _layers
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.selected_layers import selection_kept
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


@dataclass(frozen=True)
class Outputs:
    """Which layers a run adds."""

    latents: bool = True
    separate: bool = False
    error: bool = True
    distance: bool = False
    """`latents`, `separate`, `error`, `distance`: latents at all; as one layer per component; the
    RMSE; the distance to training data, where it is known. The held-out error has a layer wherever
    it was measured."""
    gene: str = ""
    """Gene whose reconstruction is wanted, or empty."""
    side_by_side: bool = True
    """Every layer in a cell of its own; else the new ones over hidden old ones."""
    replaces: bool = False
    """The layers of other results of the same data go."""


def result_layers(result: "Reconstruction", outputs: Outputs) -> list[_layers.LayerData]:
    """Make the layers that `outputs` asks for, the latents last so that they lie on top."""
    layers = []
    if outputs.gene:
        layers.append(_layers.gene_layer(result, outputs.gene))
    if outputs.distance and result.novelty is not None:
        layers.append(_layers.novelty_layer(result))
    if outputs.error and result.has_errors:
        layers.append(_layers.error_layer(result))
    if result.held_out is not None:
        layers.append(_layers.held_out_layer(result))
    if outputs.latents:
        layers += _layers.latent_layers(result, outputs.separate)
    return layers


def add_result(
    viewer: Any, result: "Reconstruction", outputs: Outputs, then: Callable[[], None] | None = None
) -> list[Any]:
    """Add the layers that `outputs` asks for to a viewer and return them.

    In a window they come one in a turn of the event loop, hidden until all are there:
    the list fills, and `then` is called.
    """
    view = brain_view.attach(viewer)
    view.turns.finish()  # in the order in which they were asked for
    added: list[Any] = []
    made = result_layers(result, outputs)
    before = _of_other_results(viewer, result) if outputs.replaces else []
    view.turns.start(_adding(viewer, view, made, outputs.side_by_side, added, before, then))
    return added


def _adding(
    viewer: Any,
    view: brain_view.BrainView,
    made: list[_layers.LayerData],
    side_by_side: bool,
    added: list[Any],
    replaced: list[Any],
    then: Callable[[], None] | None,
) -> Iterator[None]:
    yield from surface_view(viewer).leaving()
    before = list(viewer.layers)
    with view.at_once():
        for data, attributes, _ in made:
            selected = selection_kept(viewer) if len(added) < len(made) - 1 else nullcontext()
            with selected:  # napari selects the last, which lies on top
                added.append(viewer.add_image(data, **attributes | {"visible": False}))
            yield
        for layer in replaced:
            if layer in viewer.layers:
                viewer.layers.remove(layer)
        for layer, (_, attributes, _) in zip(added, made, strict=True):
            layer.name = attributes["name"]  # its name may have been that of one replaced
        before = [layer for layer in before if layer in viewer.layers]
        if not side_by_side:  # overlapping volumes hide each other
            for layer in before:
                layer.visible = False
        for layer, (_, attributes, _) in zip(added, made, strict=True):
            layer.visible = side_by_side or attributes["visible"]
        if side_by_side and added:
            view.show_side_by_side()
    if then is not None:
        then()


def _of_other_results(viewer: Any, result: "Reconstruction") -> list[Any]:
    """Return layers that show another result of the same data."""
    found = ((layer, shown(layer)) for layer in viewer.layers)
    return [
        layer
        for layer, what in found
        if what is not None
        and what.reconstruction is not None
        and what.reconstruction is not result
        and what.parcellation is result.expression.parcellation
    ]
