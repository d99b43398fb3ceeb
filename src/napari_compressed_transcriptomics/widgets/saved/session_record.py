"""A session as a small file: what is open, by path and hash, and how it is looked at."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.files.atomic import replacing_files, write_json
from napari_compressed_transcriptomics.io.files.file_names import distinct_stems
from napari_compressed_transcriptomics.io.files.files import SESSION
from napari_compressed_transcriptomics.io.files.overwriting import check_writable
from napari_compressed_transcriptomics.io.writers.results import save_results
from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer.anatomy.helpers import is_helper
from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.layer_content import LayerContent, shown
from napari_compressed_transcriptomics.viewer.surface_layers import surface_view
from napari_compressed_transcriptomics.widgets.shared.dock import Dock
from napari_compressed_transcriptomics.widgets.shared.forms.form_values import values_of
from napari_compressed_transcriptomics.widgets.shared.session import session

from .session_drawn import BY_HAND, Drawn, too_large
from .session_samples import of_samples
from .session_studies import save_studies

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.widgets.shared.work import Work

FORMAT_VERSION = 1
LAYERS = "_layers.safetensors"
"""What follows a session's name in that of the file with the numbers of its layers."""
OF_RESULT = (
    "latents", "component", "rmse", "held_out_rmse", "distance", "gene", "composite",
    "original", "reconstructed", "difference",
)  # fmt: skip
"""Kinds of layers (`LayerContent.kind`) of a result that are made again."""
_LOOK = ("name", "visible", "opacity", "gamma", "blending")


def save_session(viewer: Any, path: Path) -> list[str]:
    """Write a session.

    Data and results are named by paths, relative to the file where these tell nothing of the user,
    and by hashes. Results, comparisons and predictions that were never saved are saved beside it,
    in ``NAME_results``; the numbers of layers drawn by hand, and of others that are in no file, in
    ``NAME_layers.safetensors``.

    Parameters
    ----------
    viewer : napari.Viewer
    path : Path
        Ends in ``.session.json``.

    Returns
    -------
    list of str
        What was saved, too, and what is not kept, one sentence each.

    Raises
    ------
    UserError
        It cannot be written there.
    """
    viewer, work = itself(viewer), session(viewer).work
    check_writable(path)
    base = path.with_name(f"{path.name[: -len(SESSION[0])]}_results")
    notes = _save_results(work, base)
    studies, more = save_studies(work, base)
    notes += more
    surface = surface_view(viewer)
    on_surface = surface.shows
    surface.leave()  # else layers, slices and camera would be kept as they are meanwhile
    try:
        drawn = Drawn()
        made, more = _layers(viewer, work, drawn)
        record = _record(viewer, work, [entry for _, entry in made])
        if on_surface is not None:
            source, mesh, view = on_surface
            index = _index([layer for layer, _ in made], source)
            record["surface"] = {"layer": index, "mesh": mesh, "view": view}
    finally:
        if on_surface is not None:
            surface.show(*on_surface)
    record["studies"] = studies
    beside = f"{path.name[: -len(SESSION[0])]}{LAYERS}"
    kept, outdated = ([beside], []) if drawn.arrays else ([], [beside])
    with replacing_files(path.parent, [path.name, *kept], path.name, outdated) as folder:
        if drawn.arrays:
            drawn.write(folder / beside)
            sha256 = file_sha256(folder / beside)
            record["drawn"] = {"path": str((path.parent / beside).absolute()), "sha256": sha256}
        write_json(folder / path.name, record)
    return notes + more


def _record(viewer: Any, work: "Work", layers: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what a session's file says, but for what lies in other files."""
    camera, dims = viewer.scene.camera, viewer.dims
    return {
        "kind": "session",
        "format_version": FORMAT_VERSION,
        "results": [_result(work.folder_of(result)) for result in work.results],
        "data": [{"name": data.name, "source": data.source} for data in work.data],
        "current_result": _index(work.results, work.current_result),
        "current_data": _index(work.data, work.current_data),
        "layers": layers,
        "cells": brain_view.attach(viewer).cells.state(),
        "dims": {
            "ndisplay": dims.ndisplay,
            "order": list(dims.order),
            "point": [float(mm) for mm in dims.point],
        },
        "camera": {
            "canvas": [int(pixels) for pixels in viewer.canvas.size],
            "center": [float(mm) for mm in camera.center],
            "zoom": float(camera.zoom),
            "angles": [float(degrees) for degrees in camera.angles],
        },
        "docks": _docks(viewer),
    }


def _save_results(work: "Work", base: Path) -> list[str]:
    """Save results that are nowhere yet."""
    new = [result for result in work.results if work.folder_of(result) is None]
    if not new:
        return []
    titles = dict(zip(map(id, work.results), distinct_stems(work.titles()), strict=True))
    for result in new:
        folder = base / titles[id(result)]
        save_results(result, folder, work.parameters_of(result))
        work.saved(result, folder.resolve())
    return [f"{len(new)} result(s) that were not saved yet are in {base.name}, next to it"]


def _result(folder: Path | None) -> dict[str, Any]:
    assert folder is not None
    summary = folder / "summary.json"
    return {
        "path": str(folder.absolute()),
        "sha256": file_sha256(summary) if summary.is_file() else "",
    }


def _index(items: list[Any], wanted: Any) -> int | None:
    return next((i for i, item in enumerate(items) if item is wanted), None)


def _layers(
    viewer: Any, work: "Work", drawn: Drawn
) -> tuple[list[tuple[Any, dict[str, Any]]], list[str]]:
    """Return layers that can be made again, lowest first, each with its record; notes on others."""
    kept: list[tuple[Any, dict[str, Any]]] = []
    again: list[str] = []
    lost: list[str] = []
    edited: list[str] = []
    for layer in viewer.layers:
        if is_helper(layer):
            continue
        what, type_ = shown(layer), layer.as_layer_data_tuple()[2]
        of = _made_of(layer, what, work)
        if type_ in BY_HAND:
            numbers = drawn.add(layer)
            if numbers is not None:
                of = {**(of or {}), "drawn": numbers}
            elif of is not None:
                edited.append(layer.name)
        elif of is None and (what is None or what.values is None):
            numbers = drawn.add(layer)
            of = None if numbers is None else {"drawn": numbers}
        elif of is None and what is not None:
            of = of_samples(layer, what, work, drawn)
        if of is not None:
            kept.append((layer, {**of, "look": _look(layer)}))
        else:
            (lost if what is None or what.values is None else again).append(layer.name)
    notes = [too_large(lost)] if lost else []
    if again:
        notes.append(f"Not kept, as the dock that showed them does so again: {', '.join(again)}")
    if edited:
        names = ", ".join(edited)
        notes.append(f"Kept as in their files, as they are large, without later changes: {names}")
    return kept, notes


def _made_of(layer: Any, what: LayerContent | None, work: "Work") -> dict[str, Any] | None:
    """Return what a layer is made of again: a result, data, or a file."""
    if what is not None and what.kind in OF_RESULT:
        result = _index(work.results, what.reconstruction)
        if result is None:
            return None
        part = layer.name.rpartition(" ")[2] if what.kind == "component" else ""
        return {"result": result, "kind": what.kind, "gene": what.gene, "part": part}
    if what is not None and what.kind == "expression":
        data = _index(work.data, what.expression)
        return None if data is None else {"data": data, "kind": what.kind, "gene": what.gene}
    path = Path(layer.source.path or "")
    if path.is_file():
        return {"file": {"path": str(path.absolute()), "sha256": file_sha256(path)}}
    return None


def _look(layer: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in _LOOK:
        value = getattr(layer, name, None)
        if value is not None:  # enumerations of napari are text
            found[name] = value if isinstance(value, bool | int | float) else str(value)
    if hasattr(layer, "contrast_limits"):
        found["contrast_limits"] = [float(end) for end in layer.contrast_limits]
        if not getattr(layer, "rgb", False):
            found["colormap"] = str(layer.colormap.name)
    return found


def _docks(viewer: Any) -> list[dict[str, Any]]:
    """Return our docks that are open, with what stands in them; the main one with its pages."""
    from napari_compressed_transcriptomics.widgets.workspace.dock import Workspace

    window = getattr(viewer, "window", None)
    found = []
    for title, widget in (window.dock_widgets if window is not None else {}).items():
        dock = itself(widget)
        if not isinstance(dock, Dock):
            continue
        name = title.rpartition(" (")[0] or title
        one: dict[str, Any] = {"name": name, "values": values_of(dock)}
        if isinstance(dock, Workspace):
            pages = dock.made_pages().items()
            values = [[page, values_of(made)] for page, made in pages]
            one = {"name": name, "pages": values, "page": dock.page_in_front}
        one["front"] = not dock.visibleRegion().isEmpty()  # of docks that are tabs
        found.append(one)
    return found
