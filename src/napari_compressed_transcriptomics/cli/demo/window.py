"""What the demo shows: the real window with a result, and pictures of it where nobody looks."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .driving import picture, settle

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

# Set by scripts/with-display: there is a screen to draw on, but nobody to look at it.
_NOBODY_LOOKS = "VIRTUAL_DISPLAY"


def show(result: "Reconstruction", folder: str | Path) -> None:
    """Open napari with a result, or, on a virtual screen, write screenshots to `folder`.

    Parameters
    ----------
    result : Reconstruction
        What to show: its expression, latents and errors.
    folder : path
        Where screenshots go.
    """
    import napari

    viewer = napari.Viewer(title="Compressed Transcriptomics demo")
    _fill(viewer, result)
    if os.environ.get(_NOBODY_LOOKS):
        for path in take(viewer, Path(folder), views(viewer)):
            print(path)
        viewer.close()
    else:
        napari.run()


def _fill(viewer: Any, result: "Reconstruction") -> None:
    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from napari_compressed_transcriptomics.viewer.settings import PLUGIN

    viewer.window.resize(1500, 900)
    add_expression(viewer, result.expression)
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    compress = main.show_page("Compress")
    compress.show_result(result)


def views(viewer: Any) -> dict[str, Callable[[], None]]:
    """Name each view and say how to get there from the one before."""
    from napari_compressed_transcriptomics.viewer.anatomy.planes import fit

    def turn(order: tuple[int, ...]) -> Callable[[], None]:
        def go() -> None:
            viewer.dims.order = order
            fit(viewer)

        return go

    def to_3d() -> None:
        viewer.dims.order = (0, 1, 2, 3)
        viewer.dims.ndisplay = 3

    return {
        "axial.png": lambda: None,
        "coronal.png": turn((0, 2, 1, 3)),
        "sagittal.png": turn((0, 3, 1, 2)),
        "3d.png": to_3d,
    }


def take(viewer: Any, folder: Path, views: dict[str, Callable[[], None]]) -> list[Path]:
    """Write a picture of each view, by its name, and return their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, go in views.items():
        go()
        settle()
        written.append(picture(viewer, folder / name))
    return written
