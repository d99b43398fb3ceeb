"""A brain that turns once about the axis from its feet to its head: the pictures of a movie."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent

from .brain_figures import Look, Panel, colours_of, draw
from .brain_map import BrainMap
from .brain_mesh import brain_mesh
from .request import FigureRequest
from .scale import scales_of
from .slices import Picture

if TYPE_CHECKING:
    from .surface_pictures import SurfacePicture

FRAMES = 60
"""In one turn."""
_ELEVATION = np.radians(12)
_AROUND = {"L": (-1, 0, 0), "R": (1, 0, 0), "A": (0, 1, 0), "P": (0, -1, 0)}
_PIXELS = 420
_MARGIN = 1.1  # of the place of letters, from the middle of the brain

Paint = Callable[[np.ndarray], "tuple[Picture | SurfacePicture, Any]"]


def view_from(turn: float) -> np.ndarray:
    """Return what lies to the right, up, and toward the beholder, unit vectors in RAS (3, 3).

    Parameters
    ----------
    turn : float
        Part of the whole turn: at 0 the brain is seen from the left, at 1/4 from the front, at
        1/2 from the right; always a little from above.
    """
    angle = 2 * np.pi * (0.5 - turn)  # in the horizontal plane, counterclockwise from the right
    level = np.array([np.cos(angle), np.sin(angle), 0])
    toward = np.cos(_ELEVATION) * level + np.array([0, 0, np.sin(_ELEVATION)])
    right = np.array([-level[1], level[0], 0])
    return np.array([right, np.cross(toward, right), toward])


def turning_frames(
    one: BrainMap, request: FigureRequest, n: int = FRAMES, report: Report = silent
) -> Iterator[np.ndarray]:
    """Yield the pictures of one turn, which the first follows after the last.

    Parameters
    ----------
    one : BrainMap
    request : FigureRequest
        Of the view "surface" the cortex turns, else the surface of all that has values.
    n : int
        Pictures of the turn.
    report : callable, optional
        Called with each `Progress`; may raise `Cancelled`.

    Yields
    ------
    ndarray of uint8, shape (height, width, 3)
        On white; height and width are even, as movies need them.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.patheffects import withStroke

    if not np.isfinite(one.values).any():
        raise UserError(f"{one.title} has no value anywhere; choose another map")
    (scale,) = scales_of([one], request)
    paint, half = _cortex(one, request) if request.view == "surface" else _whole(one)
    look = Look(request.width, request.font_pt, letters=False, captions=False,
                outline=request.outline, colorbar=request.colorbar)  # fmt: skip
    picture, values = paint(view_from(0))
    figure = draw([Panel([[picture]], values, scale)], look, request.title or one.title)
    # Square pixels at first; then as many as come out even.
    width, height = (2 * round(side * request.dpi / 2) for side in figure.get_size_inches())
    figure.set_size_inches((width + 1e-3) / request.dpi, (height + 1e-3) / request.dpi)
    figure.patch.set(facecolor="white", alpha=1)
    figure.set_dpi(request.dpi)
    canvas = FigureCanvasAgg(figure)
    axes, mappable = figure.axes[0], scale.mappable()
    image = axes.images[0]
    style: dict[str, Any] = {
        "ha": "center",
        "va": "center",
        "transform": axes.transAxes,
        "path_effects": [withStroke(linewidth=2, foreground="white")],  # over dark colours, too
    }
    size = 1.2 * request.font_pt
    letters = {
        name: axes.text(0, 0, name, fontsize=size, fontweight="bold", **style) for name in _AROUND
    }
    for done in range(n):
        report(Progress("Turning", done, n))
        frame = view_from(done / n)
        picture, values = paint(frame)
        image.set_data(colours_of(picture, values, mappable, request.outline))
        for name, letter in letters.items():
            at = frame @ (np.array(_AROUND[name]) * half * _MARGIN)
            x, y = 0.5 + at[:2] / picture.size
            letter.set_position((x, y))
            letter.set_visible(request.letters and not (at[2] < -1 and _is_hidden(picture, x, y)))
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()
    report(Progress("Turning", n, n))


def _is_hidden(picture: "Picture | SurfacePicture", x: float, y: float) -> bool:
    """Tell whether the brain lies before a place of a picture, given in parts of its size."""
    height, width = picture.light.shape
    met = picture.voxels if isinstance(picture, Picture) else picture.vertices[..., 0]
    there = np.flatnonzero(met[int(y * height) % height] >= 0)
    # Between the hemispheres, too, where a letter would seem to lie before them.
    return bool(len(there)) and there[0] <= x * width <= there[-1]


def _whole(one: BrainMap) -> tuple[Paint, np.ndarray]:
    """Return what paints the surface of a volume, and half the size of the brain in mm (3,)."""
    from .surface_pictures import painted

    volume = one.volume
    places, faces, voxels = brain_mesh(np.isfinite(volume), one.affine)
    places, half, reach = _centred(places)

    def paint(frame: np.ndarray) -> tuple[Picture, Any]:
        vertices, weights, light, step = painted(places, faces, frame, _PIXELS, reach)
        nearest = np.take_along_axis(vertices, weights.argmax(axis=2)[..., None], axis=2)[..., 0]
        met = np.where(nearest >= 0, voxels[nearest], -1)
        size = (light.shape[1] * step, light.shape[0] * step)
        return Picture("", met, light, size, "", ""), volume

    return paint, half


def _cortex(one: BrainMap, request: FigureRequest) -> tuple[Paint, np.ndarray]:
    from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5
    from napari_compressed_transcriptomics.spatial.surface_place import SIDES
    from napari_compressed_transcriptomics.spatial.surface_sampling import surface_sampling

    from .surface_pictures import SurfacePicture, interpolated, painted, sulcal_grey

    sides = [fsaverage5()[side] for side in SIDES]
    faces = np.concatenate([sides[0].faces, sides[1].faces + len(sides[0].pial)])
    places, half, reach = _centred(np.concatenate([side.pial for side in sides]))
    grey = sulcal_grey(np.concatenate([side.sulcal_depth for side in sides]))
    found = surface_sampling(one.parcellation)(one.values)
    values = np.concatenate([found.left, found.right])

    class Both(SurfacePicture):
        def values(self, surface: np.ndarray) -> np.ndarray:  # type: ignore[override]
            return interpolated(surface, self.vertices, self.weights)

    def paint(frame: np.ndarray) -> tuple[SurfacePicture, Any]:
        vertices, weights, light, step = painted(places, faces, frame, _PIXELS, reach)
        under = interpolated(grey, vertices, weights)
        size = (light.shape[1] * step, light.shape[0] * step)
        return Both("", "", vertices, weights, light, size, "", "", under), values

    return paint, half


def _centred(places: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[float, float]]:
    """Return places about their middle, half their size (3,), and that of a picture, in mm.

    The picture holds them, and the letters around them, in every turn.
    """
    low, high = places.min(axis=0), places.max(axis=0)
    centred = np.asarray(places - (low + high) / 2, float)
    half = (high - low) / 2
    around = float(np.linalg.norm(centred[:, :2], axis=1).max())
    up = np.abs(centred[:, 2]).max() * np.cos(_ELEVATION) + around * np.sin(_ELEVATION)
    return centred, half, (max(around, half[1] * _MARGIN) + 10, float(up) + 6)
