"""A brain that turns once about the axis from its feet to its head: the pictures of a movie."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent

from .brain_figures import Look, Panel, colours_of, draw
from .brain_map import BrainMap
from .request import FigureRequest
from .scale import scales_of
from .slices import BrainSpace, Picture

if TYPE_CHECKING:
    from .surface_views import SurfacePicture

FRAMES = 60
"""In one turn."""
_ELEVATION = np.radians(12)
_AROUND = {"L": (-1, 0, 0), "R": (1, 0, 0), "A": (0, 1, 0), "P": (0, -1, 0)}
_PIXELS = 420
_MARGIN = 1.12  # of the place of letters, from the middle of the brain
_FADED = 0.25  # opacity of letters that lie behind

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
    style: dict[str, Any] = {"ha": "center", "va": "center", "transform": axes.transAxes}
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
            letter.set_position(tuple(0.5 + at[:2] / picture.size))
            letter.set_alpha(1.0 if at[2] >= -1e-9 else _FADED)
            letter.set_visible(request.letters)
        canvas.draw()
        yield np.asarray(canvas.buffer_rgba())[..., :3].copy()
    report(Progress("Turning", n, n))


def _whole(one: BrainMap) -> tuple[Paint, np.ndarray]:
    """Return what paints the surface of a volume, and half the size of the brain in mm (3,)."""
    volume = one.volume
    space = BrainSpace(np.isfinite(volume), one.parcellation.affine, _PIXELS)
    half = (space.high - space.low) / 2
    return (lambda frame: (space.turned(frame), volume)), half


def _cortex(one: BrainMap, request: FigureRequest) -> tuple[Paint, np.ndarray]:
    from napari_compressed_transcriptomics.spatial.cortical_surface import (
        SIDES,
        fsaverage5,
        surface_sampling,
    )

    from .surface_views import SurfacePicture, interpolated, painted, sulcal_grey

    sides = [fsaverage5()[side] for side in SIDES]
    places = [np.asarray(side.pial, float) for side in sides]
    faces = np.concatenate([sides[0].faces, sides[1].faces + len(places[0])])
    both = np.concatenate(places)
    low, high = both.min(axis=0), both.max(axis=0)
    both -= (low + high) / 2
    reach = 1.15 * float(np.linalg.norm(both, axis=1).max())
    grey = sulcal_grey(np.concatenate([side.sulcal_depth for side in sides]))
    found = surface_sampling(one.parcellation)(one.values)
    values = np.concatenate([found.left, found.right])

    class Both(SurfacePicture):
        def values(self, surface: np.ndarray) -> np.ndarray:  # type: ignore[override]
            return interpolated(surface, self.vertices, self.weights)

    def paint(frame: np.ndarray) -> tuple[SurfacePicture, Any]:
        vertices, weights, light, _ = painted(both, faces, frame, _PIXELS, reach)
        under = interpolated(grey, vertices, weights)
        size = (2 * reach, 2 * reach)
        return Both("", "", vertices, weights, light, size, "", "", under), values

    return paint, (high - low) / 2
