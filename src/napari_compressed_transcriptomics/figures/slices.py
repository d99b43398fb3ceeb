"""Pictures of a brain volume: slices, shaded surfaces and projections, right way round.

A picture says which voxel each of its pixels shows, so that one geometry serves every map on
the same grid. All are laid out in RAS millimetres, whatever the volume's affine: right is on
the right in axial and coronal slices (the neurological convention).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from nibabel.affines import apply_affine

PIXELS = 180
"""Of the longest side; about 1 mm each in a human brain."""

# What lies to the right and up in each plane; the third axis points at the beholder.
_PLANES = {"axial": ("R", "A"), "coronal": ("R", "S"), "sagittal": ("A", "S")}
_SIDES = {
    "the left": ("P", "S"), "the right": ("A", "S"), "the front": ("L", "S"),
    "behind": ("R", "S"), "above": ("R", "A"), "below": ("L", "A"),
}  # fmt: skip
_OPPOSITE = dict(zip("RLASPI", "LRPIAS", strict=True))
_DIRECTIONS = {
    "R": (1, 0, 0), "A": (0, 1, 0), "S": (0, 0, 1),
    "L": (-1, 0, 0), "P": (0, -1, 0), "I": (0, 0, -1),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Picture:
    """Which voxel each pixel shows.

    Attributes
    ----------
    title : str
        As ``z = 12 mm`` or ``from the left``.
    voxels : ndarray of int64, shape (height, width)
        Flat index (C order) into a volume (x, y, z); -1 where there is no brain. The first row
        is the lowest.
    light : ndarray of float32, shape (height, width)
        0 to 1, by which a colour is multiplied.
    size : (float, float)
        Width and height in mm.
    left, right : str
        Letters of the directions (L, R, A, P, S, I) that lie there.
    """

    title: str
    voxels: np.ndarray
    light: np.ndarray
    size: tuple[float, float]
    left: str
    right: str

    def values(self, volume: np.ndarray) -> np.ndarray:
        """Return what each pixel shows of a volume (x, y, z); NaN outside."""
        found = np.asarray(volume, np.float32).ravel()[np.maximum(self.voxels, 0)]
        return np.where(self.voxels >= 0, found, np.nan)


class BrainSpace:
    """Takes pictures of all volumes on one grid.

    Parameters
    ----------
    inside : ndarray of bool, shape (x, y, z)
        Where the volumes have values; some voxel must.
    affine : ndarray, shape (4, 4)
        Voxels to RAS mm.
    pixels : int, optional
        Of the longest side of a picture; `PIXELS` where not given.
    """

    def __init__(self, inside: np.ndarray, affine: np.ndarray, pixels: int | None = None):
        self.inside = np.ascontiguousarray(inside, bool)
        self._surfaces: dict[str, Picture] = {}
        self._to_voxels = np.linalg.inv(affine)
        voxels = np.argwhere(self.inside)
        if not len(voxels):
            raise ValueError("no voxel is inside")
        places = apply_affine(affine, voxels)
        reach = np.abs(affine[:3, :3]).sum(axis=1)  # half a voxel, and as much of margin
        self.low, self.high = places.min(axis=0) - reach, places.max(axis=0) + reach
        self.step = float((self.high - self.low).max() / (pixels or PIXELS))
        self._places = places

    def slices(self, plane: str, n: int = 1) -> list[Picture]:
        """Return `n` slices of a plane ("axial", "coronal", "sagittal").

        They are spaced evenly over the brain, in the direction of growing millimetres; a single
        one goes where the most brain is.
        """
        right, up = _PLANES[plane]
        axis = ({0, 1, 2} - {_axis(right), _axis(up)}).pop()
        along = self._places[:, axis]
        if n == 1:
            heights = np.arange(along.min(), along.max() + 1)
            areas = [(self._flat(self._points(right, up, axis, mm)) >= 0).sum() for mm in heights]
            chosen = heights[[int(np.argmax(areas))]]
        else:
            edges = np.linspace(along.min(), along.max(), n + 1)
            chosen = np.rint((edges[:-1] + edges[1:]) / 2)
        return [self._slice(right, up, axis, float(mm)) for mm in chosen]

    def surface(self, side: str) -> Picture:
        """Return the brain's surface seen from a side ("the left", "above", ...).

        Orthographic; each pixel shows the voxel that the ray meets first. The light comes from
        the upper left behind the beholder, on a smoothed surface: it carries no values.
        """
        if side not in self._surfaces:
            self._surfaces[side] = self._surface(side)
        return self._surfaces[side]

    def _surface(self, side: str) -> Picture:
        right, up = _SIDES[side]
        toward = _toward(right, up)
        hits = np.full(self._grid_size(right, up), -1, np.int64)
        light = np.zeros(hits.shape, np.float32)
        for points in self._planes_from(right, up, toward):
            open_ = hits < 0
            at = self._voxels(points[open_])
            met = _linear(self._solid, at) > 0.5
            where = np.flatnonzero(open_)[met]
            hits.flat[where] = self._nearest_inside(at[met])
            light.flat[where] = self._light(at[met], right, up, toward)
        return self._picture(f"from {side}", hits, light, right)

    def projection(self, side: str, volume: np.ndarray) -> Picture:
        """Return the largest value of a volume along each ray, seen from a side."""
        right, up = _SIDES[side]
        best = np.full(self._grid_size(right, up), -1, np.int64)
        flat = np.where(self.inside, volume, -np.inf).ravel()
        for points in self._planes_from(right, up, _toward(right, up)):
            here = self._flat(points)
            larger = (here >= 0) & ((best < 0) | (flat[here] > flat[best]))
            best[larger] = here[larger]
        return self._picture(f"largest, from {side}", best, np.ones(best.shape, np.float32), right)

    def _slice(self, right: str, up: str, axis: int, mm: float) -> Picture:
        voxels = self._flat(self._points(right, up, axis, mm))
        title = f"{'xyz'[axis]} = {mm:g} mm"
        return self._picture(title, voxels, np.ones(voxels.shape, np.float32), right)

    def _picture(self, title: str, voxels: np.ndarray, light: np.ndarray, right: str) -> Picture:
        height, width = voxels.shape
        size = (width * self.step, height * self.step)
        return Picture(title, voxels, light, size, _OPPOSITE[right], right)

    def _grid_size(self, right: str, up: str) -> tuple[int, int]:
        return len(self._ticks(up)), len(self._ticks(right))

    def _ticks(self, letter: str) -> np.ndarray:
        """Return the millimetres of the pixels along an axis, in the letter's direction."""
        axis = _axis(letter)
        ticks = np.arange(self.low[axis] + self.step / 2, self.high[axis], self.step)
        return ticks if sum(_DIRECTIONS[letter]) > 0 else ticks[::-1]

    def _points(self, right: str, up: str, axis: int, mm: float) -> np.ndarray:
        """Return the RAS mm of the pixels of a plane, shape (height, width, 3)."""
        points = np.empty((*self._grid_size(right, up), 3))
        points[..., _axis(right)] = self._ticks(right)
        points[..., _axis(up)] = self._ticks(up)[:, None]
        points[..., axis] = mm
        return points

    def _planes_from(self, right: str, up: str, toward: str) -> Iterator[np.ndarray]:
        """Yield planes of points from the beholder into the brain."""
        for mm in self._ticks(_OPPOSITE[toward]):
            yield self._points(right, up, _axis(toward), mm)

    def _voxels(self, points: np.ndarray) -> np.ndarray:
        return apply_affine(self._to_voxels, points)

    def _flat(self, points: np.ndarray) -> np.ndarray:
        """Return the flat index of the voxel at each point, -1 outside."""
        at = np.rint(self._voxels(points)).astype(np.int64)
        shape = self.inside.shape
        within = ((at >= 0) & (at < shape)).all(axis=-1)
        flat = np.ravel_multi_index(tuple(np.moveaxis(at, -1, 0)), shape, mode="clip")
        return np.where(within & self.inside.ravel()[flat], flat, -1)

    @cached_property
    def _solid(self) -> np.ndarray:
        return self.inside.astype(np.float32)

    @cached_property
    def _normals(self) -> list[np.ndarray]:
        """Gradient of the smoothed outline, in RAS, pointing out of the brain."""
        from scipy.ndimage import gaussian_filter

        lengths = 1 / np.linalg.norm(self._to_voxels[:3, :3], axis=1)
        smooth = gaussian_filter(np.pad(self._solid, 1), np.maximum(1, 3 / lengths))
        gradient = np.stack(np.gradient(smooth))[:, 1:-1, 1:-1, 1:-1]
        return list(-np.tensordot(self._to_voxels[:3, :3].T, gradient, axes=1))

    @cached_property
    def _nearest(self) -> np.ndarray:
        """Flat index of the voxel inside that is nearest to each voxel of the grid."""
        from scipy.ndimage import distance_transform_edt

        index = distance_transform_edt(~self.inside, return_distances=False, return_indices=True)
        return np.ravel_multi_index(tuple(index), self.inside.shape)

    def _nearest_inside(self, at: np.ndarray) -> np.ndarray:
        last = np.array(self.inside.shape) - 1
        return self._nearest[tuple(np.clip(np.rint(at).astype(int), 0, last).T)]

    def _light(self, at: np.ndarray, right: str, up: str, toward: str) -> np.ndarray:
        normals = np.stack([_linear(part, at) for part in self._normals], axis=-1)
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-9
        frame = np.array([_DIRECTIONS[letter] for letter in (right, up, toward)])
        lamp = np.array([-0.35, 0.45, 0.82]) @ frame
        return 0.45 + 0.55 * np.clip(normals @ lamp, 0, 1)


def _linear(volume: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return a volume at voxel coordinates (n, 3), linear between voxels, 0 outside."""
    from scipy.ndimage import map_coordinates

    return map_coordinates(volume, at.T, order=1, mode="constant")


def _axis(letter: str) -> int:
    return int(np.flatnonzero(_DIRECTIONS[letter])[0])


def _toward(right: str, up: str) -> str:
    """Return the direction of the beholder: right x up."""
    cross = tuple(np.cross(_DIRECTIONS[right], _DIRECTIONS[up]))
    return next(letter for letter, direction in _DIRECTIONS.items() if direction == cross)
