"""Hemispheres laid out to be looked at: from one side, or all four views beside each other."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from napari_compressed_transcriptomics.spatial.surface_place import SIDES
from napari_compressed_transcriptomics.spatial.surface_sampling import SurfaceMap

from .cortical_surface import Hemisphere, fsaverage5, vertex_normals

MESHES = ("pial", "inflated")
VIEWS = ("four", "left_lateral", "left_medial", "right_lateral", "right_medial", "dorsal")
_GAP_MM = 14.0
_TURNED = np.array([-1, -1, 1], np.float32)
"""By half a turn about the vertical axis: never mirrored."""


class SideView(NamedTuple):
    """One hemisphere seen from outside or from the midline."""

    side: str
    """One of "left", "right"."""
    view: str
    """One of "lateral", "medial"."""

    @property
    def from_left(self) -> bool:
        """Whether the eye looks along +x, with anterior on the left; else along -x."""
        return (self.side == "left") == (self.view == "lateral")

    @property
    def ends(self) -> tuple[str, str]:
        """The letters of what lies on the left and on the right."""
        return ("A", "P") if self.from_left else ("P", "A")


FOUR = tuple(tuple(SideView(side, view) for side in SIDES) for view in ("lateral", "medial"))
"""The four views in rows: lateral above medial, the left hemisphere on the left."""


@dataclass(frozen=True, eq=False)
class SurfaceScene:
    """A mesh to be drawn, and from where; shared, not to be changed."""

    vertices: np.ndarray
    """(x, y, z) in mm; where the brain has them only if `in_place`. Of float32, shape (n, 3)."""
    of_vertex: np.ndarray
    """Which vertex of both hemispheres, the left's first, each is. Of int64, shape (n,)."""
    faces: np.ndarray
    """Of int64, shape (m, 3)."""
    direction: tuple[float, float, float]
    up: tuple[float, float, float] = (0.0, 0.0, 1.0)
    """`direction`, `up`: where the eye looks, and what is up: (x, y, z)."""
    captions: tuple[tuple[str, np.ndarray], ...] = ()
    """What to write, and its middle; where parts are not where the brain has them. Arrays are of
    shape (3,)."""
    in_place: bool = True
    """Whether directions are those of the brain: right is right, anterior anterior."""

    def values(self, found: SurfaceMap) -> np.ndarray:
        """Return the values of a map at the scene's vertices."""
        return np.concatenate([found.left, found.right])[self.of_vertex]

    def seen(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the two axes that the eye sees (2, 3), how far all reaches along them, its middle.

        The last two in mm, across and up.
        """
        axes = np.stack([np.cross(self.direction, self.up), self.up])
        places = [self.vertices, *(place[None] for _, place in self.captions)]
        seen = np.concatenate(places) @ axes.T
        return axes, np.ptp(seen, axis=0), (seen.min(axis=0) + seen.max(axis=0)) / 2


@lru_cache(maxsize=4)
def surface_scene(mesh: str = "inflated", view: str = "four") -> SurfaceScene:
    """Lay out fsaverage5.

    Parameters
    ----------
    mesh : {"pial", "inflated"}
    view : str
        Of `VIEWS`: ``four`` has lateral views above and medial ones below, the left hemisphere's
        on the left, each turned about the vertical axis and never mirrored; others show one
        hemisphere from one side; ``dorsal`` both from above, left on the left.
    """
    sides = fsaverage5()
    if view == "four":
        return _four(sides, mesh)
    if view == "dorsal":
        apart = _apart(sides, mesh)
        places = {side: getattr(sides[side], mesh) + apart[side] for side in SIDES}
        return _joined(places, sides, (0.0, 0.0, -1.0), (0.0, 1.0, 0.0))
    seen = SideView(*view.split("_"))
    places = {seen.side: getattr(sides[seen.side], mesh)}
    return _joined(places, sides, (1.0 if seen.from_left else -1.0, 0.0, 0.0), (0.0, 0.0, 1.0))


def _apart(sides: Mapping[str, Hemisphere], mesh: str) -> dict[str, np.ndarray]:
    """Return how far to move hemispheres that would lie within each other, along x."""
    if mesh == "pial":
        return {side: np.zeros(3, np.float32) for side in SIDES}
    left, right = sides["left"].inflated[:, 0].max(), sides["right"].inflated[:, 0].min()
    move = {"left": -left - _GAP_MM / 2, "right": -right + _GAP_MM / 2}
    return {side: np.array([move[side], 0, 0], np.float32) for side in SIDES}


def _joined(
    places: Mapping[str, np.ndarray],
    sides: Mapping[str, Hemisphere],
    direction: tuple[float, float, float],
    up: tuple[float, float, float],
) -> SurfaceScene:
    first = {"left": 0, "right": len(sides["left"].pial)}
    parts = [
        (vertices, first[side] + np.arange(len(vertices)), sides[side].faces)
        for side, vertices in places.items()
    ]
    return SurfaceScene(*_stacked(parts), direction, up)


def _four(sides: Mapping[str, Hemisphere], mesh: str) -> SurfaceScene:
    _, length, height = np.max([np.ptp(getattr(side, mesh), 0) for side in sides.values()], axis=0)
    first = {"left": 0, "right": len(sides["left"].pial)}
    parts, captions = [], []
    places = (
        (row, column, seen) for row, views in enumerate(FOUR) for column, seen in enumerate(views)
    )
    for row, column, seen in places:
        side = seen.side
        vertices = getattr(sides[side], mesh)
        vertices = vertices - (vertices.min(0) + vertices.max(0)) / 2
        if not seen.from_left:
            vertices = vertices * _TURNED
        middle = np.array([0, (0.5 - column) * (length + _GAP_MM), (0.5 - row) * 1.15 * height])
        n = len(vertices)
        parts.append(
            ((vertices + middle).astype(np.float32), first[side] + np.arange(n), sides[side].faces)
        )
        left, right = seen.ends
        words = f"{left}   {side} {seen.view}   {right}"
        captions.append((words, middle - [0, 0, 0.56 * height]))
    return SurfaceScene(*_stacked(parts), (1.0, 0.0, 0.0), captions=tuple(captions), in_place=False)


def _stacked(
    parts: list[tuple[np.ndarray, np.ndarray, np.ndarray]],
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices, which ones they are, and faces of several meshes as of one."""
    starts = np.cumsum([0, *(len(vertices) for vertices, _, _ in parts[:-1])])
    faces = [faces + start for (_, _, faces), start in zip(parts, starts, strict=True)]
    vertices, of_vertex = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
    return vertices, of_vertex, np.concatenate(faces)


_NO_DATA = 0.5
"""Grey where there are no data: darker than the white of signed maps ever gets in sulci."""
_SULCI = 0.15
"""Part of their brightness that sulci lose."""
_AWAY = {"pial": 0.55, "inflated": 0.3}
"""Part of its brightness that what looks away from the light loses."""


@lru_cache(maxsize=4)
def shading(mesh: str, view: str) -> np.ndarray:
    """Return how bright each vertex of a `surface_scene` is, 0 to 1, float32 (n,).

    Sulci are darker, and what does not face the eye, a little from above. It is the same for all
    maps, and is no light of the window's, which would change with the camera what colours mean.
    """
    scene = surface_scene(mesh, view)
    depth = np.concatenate([side.sulcal_depth for side in fsaverage5().values()])[scene.of_vertex]
    sulcus = np.clip(0.5 + 2 * depth, 0, 1)
    light = 0.35 * np.array(scene.up) - np.array(scene.direction)
    facing = np.clip(
        vertex_normals(scene.vertices, scene.faces) @ (light / np.linalg.norm(light)), 0, 1
    )
    bright = (1 - _SULCI * sulcus) * (1 - _AWAY[mesh] * (1 - facing))
    return (bright / bright.max()).astype(np.float32)


def vertex_colors(colors: np.ndarray, known: np.ndarray, bright: np.ndarray) -> np.ndarray:
    """Return the colours of vertices, shaded, with grey where there are no data.

    Parameters
    ----------
    colors : ndarray, shape (n, 3) or (n, 4)
        Of the values, in 0..1.
    known : ndarray of bool, shape (n,)
        Where there are any.
    bright : ndarray, shape (n,)
        See `shading`.

    Returns
    -------
    ndarray of float32, shape (n, 4)
        Opaque.
    """
    mixed = np.where(known[:, None], colors[:, :3], _NO_DATA) * bright[:, None]
    return np.column_stack([mixed, np.ones(len(mixed))]).astype(np.float32)
