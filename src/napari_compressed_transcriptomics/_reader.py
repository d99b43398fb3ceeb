"""npe2 reader: expression volumes, tables and plain 3-D volumes."""

from collections.abc import Callable
from typing import Any

from .viewer import layers
from .viewer.adding import prepare_viewer
from .viewer.notices import tell, user_errors_shown


def get_reader(path: str | list[str]) -> Callable[[str], list[Any]] | None:
    """Return a reader for `path`, or None for what is not ours; only peeks at the file."""
    from .io import sniff

    if isinstance(path, list):
        return None  # several files are opened one by one
    readers: dict[str, Callable[[str], list[Any]]] = {
        "expression": _read_expression,
        "table": _read_expression,
        "table_without_atlas": _ask_for_atlas,
        "volume": _read_volume,
        "latents": _read_volume,
    }
    return readers.get(sniff(path) or "")


def _read_expression(path: str) -> list[Any]:
    from .io import read_expression

    return _in_window(lambda: _layer(read_expression(path), layers.expression_layer))


def _read_volume(path: str) -> list[Any]:
    from .io import read_volume

    return _in_window(lambda: _layer(read_volume(path), layers.volume_layer))


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
    """Open the form that asks which atlas the table's rows belong to; adds no layer yet."""
    from napari.utils.notifications import show_info

    from .viewer.settings import PLUGIN

    viewer = prepare_viewer()
    if viewer is None or getattr(viewer, "window", None) is None:
        from .io import read_expression

        read_expression(path)  # raises the sentence that says how to name the atlas
    else:
        _, form = viewer.window.add_plugin_dock_widget(PLUGIN, "Open expression table")
        form.table.value = path
        show_info(f"{path} needs an atlas: choose it in the form on the right.")
    return [(None,)]
