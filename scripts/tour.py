"""The moving picture of the README: the main job in the real window, from nothing to its check."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.cli.demo.driving import press, settle

if TYPE_CHECKING:
    from PIL import Image

_WINDOW, _WIDTH = (1200, 740), 960
_COLORS = 255
_GENES, _TURNS = 4, 12

Frame = tuple[np.ndarray, float]
"""What the window shows, uint8 (height, width, 4), and for how many seconds."""


def save_tour(viewer: Any, path: str | Path) -> Path:
    """Do the main job on the synthetic brain in an empty viewer, and write it as GIF."""
    first, *rest = list(_pictures(_frames(viewer)))
    durations = [round(1000 * seconds) for _, seconds in (first, *rest)]
    first[0].save(
        path,
        save_all=True,
        append_images=[picture for picture, _ in rest],
        duration=durations,
        loop=0,
        optimize=True,
    )
    return Path(path)


def _pictures(frames: Iterator[Frame]) -> Iterator[tuple["Image.Image", float]]:
    """Yield frames as small pictures, in colours that are those of the scales, not dithered."""
    from PIL import Image

    for shown, seconds in frames:
        picture = Image.fromarray(shown[..., :3])
        height = round(picture.height * _WIDTH / picture.width)
        picture = picture.resize((_WIDTH, height), Image.Resampling.LANCZOS)
        yield (
            picture.quantize(_COLORS, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE),
            seconds,
        )


def _frames(viewer: Any) -> Iterator[Frame]:
    """Yield what the window shows on the way."""
    from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
    from napari_compressed_transcriptomics.viewer.adding import add_expression
    from napari_compressed_transcriptomics.viewer.settings import PLUGIN

    def seen(seconds: float, wait: float = 0.5) -> Frame:
        settle(wait)
        return viewer.screenshot(canvas_only=False, flash=False), seconds

    viewer.theme = "dark"
    viewer.window.resize(*_WINDOW)
    _, main = viewer.window.add_plugin_dock_widget(PLUGIN, "Compressed Transcriptomics")
    yield seen(2.5, 3)
    add_expression(viewer, synthetic_brain())
    yield seen(1.5, 3)
    genes = main.show_page("Choose gene").genes
    for gene in genes.model.genes[:_GENES]:
        genes.chosen.emit(gene)
        yield seen(0.7)
    compress = main.show_page("Compress")
    yield seen(1.5)
    press(compress.bar)
    yield seen(3)
    for component in range(int(viewer.dims.range[0].stop) + 1):
        viewer.dims.set_point(0, component)
        yield seen(0.6)
    viewer.dims.ndisplay = 3
    yield seen(1, 2)
    ahead, up = (np.array(viewer.camera.view_direction), np.array(viewer.camera.up_direction))
    for angle in np.linspace(0, 2 * np.pi, _TURNS, endpoint=False):
        cos, sin = np.cos(angle), np.sin(angle)
        about_superior = np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])  # of (z, y, x)
        viewer.camera.set_view_direction(about_superior @ ahead, about_superior @ up)
        yield seen(0.2, 0.2)
    viewer.dims.ndisplay = 2
    main.show_page("Inspect reconstruction")
    yield seen(4, 4)
