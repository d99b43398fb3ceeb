"""Where vertices lie: meshes that nilearn ships, or surface files that are given."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import existing_file, suffix
from napari_compressed_transcriptomics.spatial.surface_place import (
    MESHES,
    SIDES,
    SurfaceParcellation,
    vertex_shape,
)

from .gifti import read_gifti
from .names import GIFTI, side_of

FARTHEST_MM = 300.0


@dataclass(frozen=True)
class OnSurface:
    """What is said of vertices that files of values do not say."""

    surfaces: tuple[str | Path, ...] = ()
    """See `surface_place`."""
    cortex: tuple[str | Path, ...] = ()
    """Which vertices have values, see `cortex.read_cortex`."""
    side: str = ""
    """The hemisphere, where names of files do not tell it. One of "", "left", "right"."""

    def __post_init__(self) -> None:
        if self.side not in ("", *SIDES):
            raise UserError(f"There is no hemisphere {self.side!r}; choose left or right")


UNSAID = OnSurface()


def surface_place(
    sizes: tuple[int, int], where: str, surfaces: Sequence[str | Path] = ()
) -> SurfaceParcellation:
    """Return the place of all vertices, each a sample of its own.

    Parameters
    ----------
    sizes : tuple of int
        Vertices of the left and right hemisphere, 0 where there is none.
    where : str
        What has so many, for messages.
    surfaces : sequence of path
        GIFTI surfaces, one per hemisphere, in RAS mm. Without them fsaverage3 to 5 have the places
        of fsaverage5 between white and pial, whose first vertices are theirs; fsaverage6 and
        fsaverage have those halfway between them, see `spatial.finer_mesh`; the places of other
        meshes are not known.

    Raises
    ------
    UserError
        No mesh has so many vertices; surfaces do not fit, or their hemispheres are swapped.
    """
    n = max(sizes)
    if min(sizes) not in (0, n):
        raise UserError(
            f"{where} has {sizes[0]:,} vertices on the left and {sizes[1]:,} on the right, where "
            "both hemispheres of a mesh have the same number; check the files"
        )
    if n not in MESHES and not surfaces:
        known = ", ".join(f"{name} {count:,}" for count, name in MESHES.items())
        raise UserError(
            f"{where} has {n:,} vertices per hemisphere, which is not a known mesh ({known}); "
            "give its surface files (--surface)"
        )
    total = sum(sizes)
    labels = np.arange(1, total + 1, dtype=np.int32).reshape(vertex_shape(total))
    coordinates, sphere = _given(sizes, surfaces) if surfaces else _shipped(sizes)
    return SurfaceParcellation(labels, np.eye(4), sizes, coordinates, sphere)


def _shipped(sizes: tuple[int, int]) -> tuple[np.ndarray | None, np.ndarray | None]:
    from napari_compressed_transcriptomics.spatial.cortical_surface import area, fsaverage5
    from napari_compressed_transcriptomics.spatial.finer_mesh import finer

    n = max(sizes)
    if not MESHES[n].startswith("fsaverage"):
        return None, None
    places, spheres = [], []
    for side, size in zip(SIDES, sizes, strict=True):
        found = fsaverage5()[side]
        between = (found.pial + found.white) / 2
        radius = np.sqrt(area(between, found.faces) / (4 * np.pi))
        _, (middle, sphere) = finer(found.faces, [between, found.sphere], n)
        sphere = sphere * (radius / np.linalg.norm(sphere, axis=1, keepdims=True))
        places.append(middle[:size])
        spheres.append(sphere[:size])
    return np.concatenate(places), np.concatenate(spheres)


def _given(
    sizes: tuple[int, int], surfaces: Sequence[str | Path]
) -> tuple[np.ndarray, np.ndarray | None]:
    found: dict[str, np.ndarray] = {}
    for path in map(Path, surfaces):
        if not suffix(path, GIFTI):
            raise UserError(f"{path.name} is not a GIFTI surface (.surf.gii); choose one")
        gifti = read_gifti(existing_file(path))
        points = gifti.with_intent("POINTSET")
        if points is None or points.ndim != 2 or points.shape[1] != 3:
            raise UserError(f"{path.name} holds no coordinates of vertices; choose a .surf.gii")
        points = points.astype(np.float32)
        if not np.isfinite(points).all() or np.abs(points).max() > FARTHEST_MM:
            raise UserError(f"{path.name} has vertices outside any brain (RAS mm); check it")
        side = gifti.structure or side_of(path)
        if not side:
            raise UserError(
                f"{path.name} does not say which hemisphere it is; name it lh. or hemi-L"
            )
        if side_of(path) not in ("", side):
            raise UserError(
                f"{path.name} is called {side_of(path)} and its contents say it is of the {side} "
                "side; check which it is"
            )
        if side in found:
            raise UserError(f"{path.name} is a second surface of the {side} side; give one of each")
        _check(path, side, points, sizes[SIDES.index(side)])
        found[side] = points
    lacking = [side for side, n in zip(SIDES, sizes, strict=True) if n and side not in found]
    if lacking:
        raise UserError(f"No surface of the {lacking[0]} side is given; give one (--surface)")
    return np.concatenate([found[s] for s, n in zip(SIDES, sizes, strict=True) if n]), None


def _check(path: Path, side: str, points: np.ndarray, expected: int) -> None:
    if expected and len(points) != expected:
        raise UserError(
            f"{path.name} has {len(points):,} vertices and the data have {expected:,} on the "
            f"{side} side; give the surface of the same mesh"
        )
    radii = np.linalg.norm(points - points.mean(axis=0), axis=1)
    if radii.std() < 0.01 * radii.mean():
        raise UserError(f"{path.name} is a sphere; give the midthickness, white or pial surface")
    x = float(np.median(points[:, 0]))
    if abs(x) > 10 and (x < 0) != (side == "left"):
        raise UserError(
            f"{path.name} is of the {side} side by its name and lies at x = {x:.0f} mm, on the "
            "other one, as left is negative: hemispheres are swapped; check the files"
        )
