"""npe2 reader: expression volumes, tables and plain 3-D volumes."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from .core.errors import UserError
from .viewer import layers
from .viewer.adding import add_expression, prepare_viewer
from .viewer.itself import itself
from .viewer.window.notices import report, sentence, tell, user_errors_shown

Reader = Callable[[Any], list[Any]]
"""Of a path, or of a list of paths where several files are opened as one ("as stack")."""


def get_reader(path: str | list[str]) -> Reader | None:
    """Return a reader for `path`, or None for what is not ours; only peeks at files."""
    from .io import sniff

    readers: dict[str, Reader] = {
        # What lacks values cannot be asked about here: it is left out, and said.
        "expression": partial(_read_expression, impute="drop_genes"),
        "vertices": _read_vertices,
        "gene_volumes": _read_gene_volumes,
        "table": _read_expression,
        "table_without_atlas": _ask_for_atlas,
        "volume": _read_volume,
        "latents": _read_volume,
        **dict.fromkeys(("result", "comparison", "prediction", "model", "session"), _open_saved),
    }
    return readers.get(sniff(path) or "")


def _read_expression(path: str | list[str], impute: str | None = None) -> list[Any]:
    from .io import read_expression
    from .io.files.zarr_store import is_remote
    from .io.writers.reopen.annotated import latents_beside

    viewer = prepare_viewer()
    if isinstance(path, str) and is_remote(path) and getattr(viewer, "window", None) is not None:
        _fetch_expression(viewer, path)
        return [(None,)]

    def read() -> list[Any]:
        expression = read_expression(path, impute=impute)
        made = _layer(expression, layers.expression_layer)
        if isinstance(path, list):
            return made
        beside = latents_beside(path, expression)
        tell(beside.notes)
        if beside.result is not None:
            return [*made, layers.error_layer(beside.result), *layers.latent_layers(beside.result)]
        if beside.latents is not None:
            made.append(layers.plain_latents_layer(expression, beside.latents))
        return made

    return _in_window(read)


def _fetch_expression(viewer: Any, path: str) -> None:
    """Open a store on a server: it is asked in a thread, and the layer comes when it answers."""
    from .core.expression import Expression
    from .core.progress import Report
    from .io import read_expression
    from .widgets.shared.job import Job

    def fetch(_: Report) -> Expression:
        found = read_expression(path)
        found.values[:, 0]  # it is kept, and shown first
        return found

    job = Job(fetch, f"Open {path}", parent=itself(viewer).window.main_menu.window())
    job.succeeded.connect(partial(add_expression, viewer))
    job.failed.connect(report)
    for ended in (job.succeeded, job.failed, job.cancelled):
        ended.connect(job.deleteLater)
    job.start()
    viewer.status = f"Asking the server for {path}…"


def _read_gene_volumes(path: str | list[str]) -> list[Any]:
    """Read one volume per gene; a form opens where there are two variants, or too much."""
    from .core.memory import available_memory
    from .io.readers.gene_volumes.names import variants_of
    from .io.readers.gene_volumes.plan import about_bytes

    if isinstance(path, str):
        with user_errors_shown():
            if len(variants_of(Path(path))) > 1 and (form := _form("Open expression volumes")):
                form.ask_about(path, "It holds maps of several kinds: choose one.")
                return [(None,)]
            need = about_bytes(Path(path))
            if need > available_memory() // 2 and (form := _form("Convert to store")):
                form.ask_about(
                    path,
                    f"It would take about {need / 1e9:,.1f} GB of memory: convert it to a store, "
                    "which need not fit in memory.",
                )
                return [(None,)]
    return _read_expression(path, "drop_genes")


def _read_vertices(path: str | list[str]) -> list[Any]:
    """Read one map per gene; a form opens where something has still to be said."""
    from .io.readers.surfaces.outlook import outlook

    where = Path(path) if isinstance(path, str) else Path(path[0]).parent
    try:
        outlook(where).place.known_places()
    except UserError as error:
        if form := _form("Open expression on vertices"):
            form.ask_about(where, sentence(error))
            return [(None,)]
    return _read_expression(path, "drop_genes")


def _open_saved(path: str) -> list[Any]:
    """Open what was saved here, with its docks; without a window only layers of a result."""
    viewer = prepare_viewer()
    if viewer is not None:
        from .widgets.saved.open import open_saved

        with user_errors_shown():
            open_saved(viewer, Path(path))
        return [(None,)]
    from .io import sniff
    from .io.writers.reopen.result import open_result

    if sniff(path) != "result":
        raise UserError(f"{path} shows in docks, which need a window; open it in napari")
    result = open_result(path)
    made = [layers.error_layer(result), *layers.latent_layers(result)]
    return [*([layers.held_out_layer(result)] if result.held_out else []), *made]


def _read_volume(path: str) -> list[Any]:
    from .io import read_volume
    from .io.readers.volume import refuse_vertices

    def read() -> list[Any]:
        refuse_vertices(path)
        return _layer(read_volume(path), layers.volume_layer)

    return _in_window(read)


def _layer(data: Any, show: Callable[[Any], Any]) -> list[Any]:
    tell(data.notes)
    return [show(data)]


def _in_window(make: Callable[[], list[Any]]) -> list[Any]:
    """Make layers for the current window, where a `UserError` is shown; without one it is raised.

    ``[(None,)]`` tells napari that the file was dealt with and there is nothing to add.
    """
    viewer = prepare_viewer()
    if getattr(viewer, "window", None) is None:
        return make()
    with user_errors_shown():
        return make()
    return [(None,)]


def _ask_for_atlas(path: str) -> list[Any]:
    """Open the form that asks where the table's rows lie; adds no layer yet."""
    from .io.readers.surfaces.outlook import is_of_vertices

    if is_of_vertices(Path(path)) and (form := _form("Open expression on vertices")):
        form.ask_about(path)
    elif form := _form("Open expression table"):
        form.table.set_path(path)  # and the form says that it needs an atlas
    else:
        from .io import read_expression

        read_expression(path)  # raises the sentence that says how to name the atlas
    return [(None,)]


def _form(name: str) -> Any:
    """Open a form of ours in the current window and return it; None where there is no window."""
    viewer = prepare_viewer()
    if viewer is None or getattr(viewer, "window", None) is None:
        return None
    from .widgets.shared.dock import open_dock

    return open_dock(viewer, name)
