"""A session that was read, shown as it was: layers, slices, camera, cells and docks."""

import re
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from qtpy.QtWidgets import QDockWidget

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.writers.reopen.result import parameters_in
from napari_compressed_transcriptomics.viewer import brain_view, layers
from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.widgets.inspect.gene_maps import comparison
from napari_compressed_transcriptomics.widgets.shared.dock import Dock, open_dock
from napari_compressed_transcriptomics.widgets.shared.following import soon
from napari_compressed_transcriptomics.widgets.shared.forms.form_values import give_values
from napari_compressed_transcriptomics.widgets.shared.session import session

from .session_read import SavedSession
from .session_samples import link_predictions, samples_again

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_COMPARED = ("original", "reconstructed", "difference")


def show_session(viewer: Any, found: SavedSession) -> list[str]:
    """Add a session to a viewer; return what could not be shown, one sentence each.

    What is open stays; layers of the session come above it.
    """
    viewer, work = itself(viewer), session(viewer).work
    view = brain_view.attach(viewer)
    record, notes = found.record, list(found.notes)
    view.turns.finish()
    for result, entry in zip(found.results, record["results"], strict=True):
        if result is not None:
            folder = found.places.at(entry["path"])
            work.saved(result, folder)
            work.keep(result, parameters_in(folder))
    made: dict[int, Any] = {}
    with view.at_once():
        for number, entry in enumerate(record["layers"]):
            try:
                if number in found.failed:
                    raise found.failed[number]
                made[number] = _add(viewer, found, entry)
            except UserError as error:
                notes.append(f"{_name(entry)} is left out: {error}")
            except (KeyError, TypeError, ValueError, IndexError, StopIteration):
                notes.append(f"{_name(entry)} is left out: it is damaged in {found.path.name}")
        link_predictions(viewer, record["layers"], made)
    _choose(work, found)
    for kind, (study, folder) in found.studies.items():
        work.keep_study(kind, study, folder)
    if found.studies:
        work.study_opened.emit()
    with suppress(KeyError, TypeError, ValueError, IndexError):
        _look_there(viewer, record)
        on_surface = record.get("surface")
        source = made.get(on_surface["layer"]) if on_surface else None
        if on_surface and source is not None:
            surface_view(viewer).show(source, on_surface["mesh"], on_surface["view"])
    _open_docks(viewer, record["docks"])
    return notes


def _name(entry: dict[str, Any]) -> str:
    look = entry.get("look")
    return str(look.get("name")) if isinstance(look, dict) else "A layer"


def _add(viewer: Any, found: SavedSession, entry: dict[str, Any]) -> Any:
    """Add a layer, made of a result, of data, of a file or of its numbers, and return it."""
    if "drawn" in entry:
        added = _drawn(viewer, found, entry)
    elif "file" in entry:
        added = _open_file(viewer, found, entry["file"])
    elif "prediction" in entry or "samples" in entry:
        study, _ = found.studies.get("prediction", (None, None))
        results = [None if one is None else one.expression for one in found.results]
        places = {"result": results, "data": found.data}
        again = samples_again(entry, study, places, found.drawn)
        if again is None:
            return None  # which is noted
        added = [viewer.add_image(again[0], **again[1])]
    elif "data" in entry:
        data = found.data[entry["data"]]
        if data is None:
            return None  # which is noted
        gene = entry["gene"] if entry["gene"] in data.genes else None
        made, attributes, _ = layers.expression_layer(data, gene)
        added = [viewer.add_image(made, **attributes)]
    else:
        result = found.results[entry["result"]]
        if result is None:
            return None
        if entry["kind"] in _COMPARED:
            if entry["kind"] == "reconstructed":  # of which there is one in any case
                comparison(viewer).show(result, entry["gene"])
            return None
        made, attributes, _ = _of_result(result, entry)
        added = [viewer.add_image(made, **attributes)]
    for layer in added:
        _dress(layer, entry.get("look"))
    return added[0] if added else None


def _of_result(result: "Reconstruction", entry: dict[str, Any]) -> layers.LayerData:
    kind, part = entry["kind"], str(entry.get("part") or "")
    if kind == "component":
        return layers.latent_layers(result, separate=True)[int(part) - 1]
    if kind == "composite":
        chosen = re.findall(r"none|\d+", _name(entry).rpartition("components")[2])
        return layers.composite_layer(
            result, [None if one == "none" else int(one) - 1 for one in chosen]
        )
    if kind == "gene":
        return layers.gene_layer(result, entry["gene"])
    make = {
        "latents": lambda: layers.latent_layers(result)[0],
        "rmse": lambda: layers.error_layer(result),
        "held_out_rmse": lambda: layers.held_out_layer(result),
        "distance": lambda: layers.novelty_layer(result),
    }
    return make[kind]()


def _drawn(viewer: Any, found: SavedSession, entry: dict[str, Any]) -> list[Any]:
    """Add a layer that is kept by its numbers; what was painted into a file's is put into it."""
    added: list[Any] = []
    if "file" in entry:
        with suppress(UserError):  # then its numbers alone are shown
            added = _open_file(viewer, found, entry["file"])
    if found.drawn is None:
        return added  # which is noted
    if not added:
        return [found.drawn.show(viewer, entry["drawn"])]
    numbers = found.drawn.numbers(entry["drawn"])
    if len(added) == 1 and np.shape(added[0].data) == np.shape(numbers):
        added[0].data = numbers
    return added


def _open_file(viewer: Any, found: SavedSession, entry: dict[str, Any]) -> list[Any]:
    path = found.places.at(entry["path"])
    if not path.is_file():
        raise UserError(f"{path} is not there any more")
    if file_sha256(path) != entry["sha256"]:
        raise UserError(f"{path} has changed since the session was saved")
    return viewer.open(path, plugin=PLUGIN)


def _dress(layer: Any, look: Any) -> None:
    """Give a layer the look that it had, as far as it can have it."""
    for name, value in look.items() if isinstance(look, dict) else ():
        with suppress(AttributeError, KeyError, TypeError, ValueError):  # as of another version
            if name == "contrast_limits":
                layers.set_limits(layer, *map(float, value))
            else:
                setattr(layer, name, value)


def _choose(work: Any, found: SavedSession) -> None:
    for key, items, choose in (
        ("current_data", found.data, work.choose_data),
        ("current_result", found.results, work.choose_result),
    ):
        index = found.record.get(key)
        if type(index) is int and 0 <= index < len(items) and items[index] is not None:
            choose(items[index])


def _look_there(viewer: Any, record: dict[str, Any]) -> None:
    """Show the same slices in the same cells, from the same side."""
    dims, camera = record["dims"], record["camera"]
    viewer.dims.ndisplay = dims["ndisplay"]
    if len(dims["order"]) == viewer.dims.ndim:
        viewer.dims.order = tuple(dims["order"])
        for axis, mm in enumerate(dims["point"]):
            viewer.dims.set_point(axis, float(mm))
    enabled, free, (rows, columns) = record["cells"]
    cells = brain_view.attach(viewer).cells
    cells.restore((bool(enabled), bool(free), (int(rows), int(columns))))
    viewer.scene.camera.center = tuple(map(float, camera["center"]))
    then, now = camera["canvas"], viewer.canvas.size
    ratio = min(here / before for here, before in zip(now, then, strict=True))
    viewer.scene.camera.zoom = float(camera["zoom"]) * ratio
    viewer.scene.camera.angles = tuple(map(float, camera["angles"]))


def _open_docks(viewer: Any, docks: list[dict[str, Any]]) -> None:
    """Open docks that are not open yet, and put into their forms what stood there."""
    window = getattr(viewer, "window", None)
    if window is None:
        return
    front = []
    for one in docks:
        name = str(one.get("name"))
        there = {
            title.rpartition(" (")[0] or title: itself(widget)
            for title, widget in window.dock_widgets.items()
        }
        try:
            dock = there.get(name) or open_dock(viewer, name, as_page=False)
        except (KeyError, ValueError):  # of another version
            continue
        if not isinstance(dock, Dock):
            continue
        for page, values in one.get("pages") or ():
            if dock.has_page(page):  # type: ignore[attr-defined]
                give_values(dock.show_page(page), values)  # type: ignore[attr-defined]
        page = one.get("page")  # which was never made where it lacks data or a result
        if page is not None and dock.has_page(page):  # type: ignore[attr-defined]
            dock.go_to(page)  # type: ignore[attr-defined]
        values = one.get("values")
        if isinstance(values, dict):
            give_values(dock, values)
        if one.get("front"):
            front.append(dock)
    for dock in front:  # once docks have become tabs, which raises each
        soon(dock, soon(dock, partial(_raise, dock)).start).start()


def _raise(dock: Dock) -> None:
    frame = dock.parent()
    if isinstance(frame, QDockWidget):
        frame.raise_()
