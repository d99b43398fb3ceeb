"""Pictures of a brain volume: slices, shaded surfaces and projections, right way round.

A picture says which voxel each of its pixels shows, so that one geometry serves every map on
the same grid. All are laid out in RAS millimetres, whatever the volume's affine: right is on
the right in axial and coronal slices (the neurological convention).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from nibabel.affines import apply_affine

from napari_compressed_transcriptomics.core.errors import UserError

PIXELS = 180
"""Of the longest side; about 1 mm each in a human brain."""

_NEAR = 8.0  # mm from data at which a place counts as in the brain: regions leave gaps

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
    """Which voxel each pixel shows."""

    title: str
    """As ``z = 12 mm`` or ``from the left``."""
    voxels: np.ndarray
    """Flat index (C order) into a volume (x, y, z); -1 where there is no brain. The first row is
    the lowest. Of int64, shape (height, width)."""
    light: np.ndarray
    """0 to 1, by which a colour is multiplied. Of float32, shape (height, width)."""
    size: tuple[float, float]
    """Width and height in mm."""
    left: str
    right: str
    """`left`, `right`: letters of the directions (L, R, A, P, S, I) that lie there."""
    points: np.ndarray | None = None
    """RAS mm of each pixel of a slice. Of float32, shape (height, width, 3)."""
    under: np.ndarray | None = None
    """Grey, 0 to 1, that is seen where the volume has no value; NaN where there is none either. Of
    float32, shape (height, width)."""
    mark: tuple[float, float] | None = None
    """Where lines cross: parts of the width from the left, and of the height from below."""
    hatched: np.ndarray | None = None
    """Where there are regions without data. Of bool, shape (height, width)."""

    def values(self, volume: np.ndarray) -> np.ndarray:
        """Return what each pixel shows of a volume (x, y, z); NaN outside."""
        found = np.asarray(volume, np.float32).ravel()[np.maximum(self.voxels, 0)]
        return np.where(self.voxels >= 0, found, np.nan)

    def marked(self, place: Sequence[float]) -> "Picture":
        """Return the same slice with lines that cross at a place (x, y, z) in mm."""
        assert self.points is not None
        first, height, width = self.points[0, 0], *self.voxels.shape
        at = []
        for last, n in ((self.points[0, -1], width), (self.points[-1, 0], height)):
            axis = int(np.argmax(np.abs(last - first)))
            part = (place[axis] - first[axis]) / (last[axis] - first[axis])
            at.append(float((part * (n - 1) + 0.5) / n))
        return replace(self, mark=(at[0], at[1]))


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
    around : ndarray, shape (n, 3), optional
        Places in RAS mm that lie within the pictures, too.
    """

    def __init__(
        self,
        inside: np.ndarray,
        affine: np.ndarray,
        pixels: int | None = None,
        around: np.ndarray | None = None,
    ):
        self.inside = np.ascontiguousarray(inside, bool)
        self._surfaces: dict[str, Picture] = {}
        self._to_voxels = np.linalg.inv(affine)
        voxels = np.argwhere(self.inside)
        if not len(voxels):
            raise ValueError("no voxel is inside")
        places = apply_affine(affine, voxels)
        reach = np.abs(affine[:3, :3]).sum(axis=1)  # half a voxel, and as much of margin
        within = places if around is None else np.concatenate([places, around])
        self.low, self.high = within.min(axis=0) - reach, within.max(axis=0) + reach
        self.step = float((self.high - self.low).max() / (pixels or PIXELS))
        self._places = places

    def slices(self, plane: str, n: int = 1) -> list[Picture]:
        """Return `n` slices of a plane ("axial", "coronal", "sagittal").

        They are spaced evenly over the brain, in the direction of growing millimetres; a single
        one goes where the most brain is.
        """
        right, up, axis = _plane(plane)
        along = self._places[:, axis]
        if n == 1:
            heights = np.arange(along.min(), along.max() + 1)
            areas = [(self._flat(self._points(right, up, axis, mm)) >= 0).sum() for mm in heights]
            chosen = heights[[int(np.argmax(areas))]]
        else:
            edges = np.linspace(along.min(), along.max(), n + 1)
            chosen = np.rint((edges[:-1] + edges[1:]) / 2)
        return [self._slice(right, up, axis, float(mm)) for mm in chosen]

    def slice_at(self, plane: str, mm: float) -> Picture:
        """Return the slice of a plane at a place along the axis across it, in mm.

        Raises
        ------
        UserError
            No brain is there.
        """
        picture = self._slice(*_plane(plane), float(mm))
        if not (picture.voxels >= 0).any():
            _, _, axis = _plane(plane)
            along = self._places[:, axis]
            raise UserError(
                f"The {plane} slice at {'xyz'[axis]} = {mm:g} mm is outside the brain, which "
                f"reaches from {along.min():.0f} to {along.max():.0f} mm; choose another"
            )
        return picture

    def ortho(self, place: Sequence[float] | None = None) -> list[Picture]:
        """Return the axial, coronal and sagittal slice through a place, which lines mark.

        Parameters
        ----------
        place : sequence of float, optional
            RAS mm; where most of each is seen where not given.

        Raises
        ------
        UserError
            No brain is there.
        """
        if place is None:
            x, y, z = (
                picture.points[0, 0, axis]
                for axis, plane in enumerate(("sagittal", "coronal", "axial"))
                for picture in self.slices(plane)
                if picture.points is not None
            )
            place = (float(x), float(y), float(z))
        elif self._flat(np.array(place, float)) < 0 and self._distance(place) > _NEAR:
            raise UserError(
                f"The place {', '.join(f'{mm:g}' for mm in place)} mm is outside the brain; choose "
                "one in it"
            )
        planes = (("axial", 2), ("coronal", 1), ("sagittal", 0))
        return [self._slice(*_plane(plane), place[axis]).marked(place) for plane, axis in planes]

    def _distance(self, place: Sequence[float]) -> float:
        return float(np.linalg.norm(self._places - place, axis=1).min())

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
        frame = np.array([_DIRECTIONS[letter] for letter in (right, up, toward)])
        hits, light = self._met(self._planes_from(right, up, toward), frame)
        return self._picture(f"from {side}", hits, light, right)

    def _met(
        self, planes: Iterator[np.ndarray], frame: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the flat index of the voxel that each ray meets first, and its light."""
        hits = light = None
        for points in planes:
            if hits is None or light is None:
                hits = np.full(points.shape[:2], -1, np.int64)
                light = np.zeros(points.shape[:2], np.float32)
            open_ = hits < 0
            at = self._voxels(points[open_])
            met = _linear(self._solid, at) > 0.5
            where = np.flatnonzero(open_)[met]
            hits.flat[where] = self._nearest_inside(at[met])
            light.flat[where] = self._light(at[met], frame)
        assert hits is not None
        assert light is not None
        return hits, light

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
        points = self._points(right, up, axis, mm)
        voxels = self._flat(points)
        picture = self._picture(
            f"{'xyz'[axis]} = {mm:g} mm", voxels, np.ones(voxels.shape, np.float32), right
        )
        return replace(picture, points=points.astype(np.float32))

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

    def _light(self, at: np.ndarray, frame: np.ndarray) -> np.ndarray:
        normals = np.stack([_linear(part, at) for part in self._normals], axis=-1)
        normals /= np.linalg.norm(normals, axis=-1, keepdims=True) + 1e-9
        lamp = np.array([-0.35, 0.45, 0.82]) @ frame
        return 0.45 + 0.55 * np.clip(normals @ lamp, 0, 1)


def _linear(volume: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return a volume at voxel coordinates (n, 3), linear between voxels, 0 outside."""
    from scipy.ndimage import map_coordinates

    return map_coordinates(volume, at.T, order=1, mode="constant")


def _plane(plane: str) -> tuple[str, str, int]:
    """Return what lies to the right and up in a plane, and the axis across it."""
    right, up = _PLANES[plane]
    return right, up, 3 - _axis(right) - _axis(up)


def _axis(letter: str) -> int:
    return int(np.flatnonzero(_DIRECTIONS[letter])[0])


def _toward(right: str, up: str) -> str:
    """Return the direction of the beholder: right x up."""
    cross = tuple(np.cross(_DIRECTIONS[right], _DIRECTIONS[up]))
    return next(letter for letter, direction in _DIRECTIONS.items() if direction == cross)
