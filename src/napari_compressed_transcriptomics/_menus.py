"""Commands of the menus that are not widgets."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .viewer.layer_content import shown
from .viewer.layers import error_layer, novelty_layer
from .viewer.window.notices import user_errors_shown

if TYPE_CHECKING:
    import napari


def show_reconstruction_error(viewer: "napari.Viewer") -> None:
    """Show the RMSE of the compression that the selected layer comes from."""
    result = _result_of(viewer)
    if result is not None:
        data, attributes, _ = error_layer(result)
        viewer.add_image(data, **attributes)


def show_training_distance(viewer: "napari.Viewer") -> None:
    """Show how far samples are from what the model of the selected compression was trained on."""
    result = _result_of(viewer)
    if result is not None:
        with user_errors_shown():
            data, attributes, _ = novelty_layer(result)
            viewer.add_image(data, **attributes)


def save_results(viewer: "napari.Viewer") -> None:
    """Ask for a folder and write latents, errors and tables of the selected compression."""
    from napari.utils.notifications import show_info

    from .widgets.result_menu import ask_and_save_results

    result = _result_of(viewer)
    if result is not None and (saved := ask_and_save_results(viewer, result)):
        show_info(saved)


def save_session(viewer: "napari.Viewer") -> None:
    """Ask for a file and write there what is open, to go on with it another day."""
    from .widgets.saved.session_menu import ask_and_save_session

    ask_and_save_session(viewer)


def _opens(dock: str) -> Callable[["napari.Viewer"], None]:
    """Return the command that opens a dock of ours."""

    def command(viewer: "napari.Viewer") -> None:
        from .widgets.shared.dock import open_dock

        open_dock(viewer, dock)

    return command


palette_open = _opens("Open data")
palette_ahba = _opens("Real samples")
palette_compress = _opens("Compress")
palette_errors = _opens("Inspect reconstruction")
palette_components = _opens("Components")
palette_benchmark = _opens("Compare methods")
palette_receptors = _opens("Predict maps")
palette_surface = _opens("Cortical surface")
palette_figure = _opens("Export figure")


def _result_of(viewer: "napari.Viewer") -> Any:
    """Return the result behind the active layer, else behind the newest; None with a hint."""
    from napari.utils.notifications import show_warning

    for layer in (viewer.layers.selection.active, *reversed(viewer.layers)):
        what = shown(layer)
        if what is not None and what.reconstruction is not None:
            return what.reconstruction
    show_warning("There is no compression yet: open Compress and press Run.")
    return None
