"""The cortex from four sides: lateral and medial, left and right."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5, vertex_normals
from napari_compressed_transcriptomics.spatial.surface_sampling import SurfaceMap
from napari_compressed_transcriptomics.spatial.surface_views import FOUR, SideView

PIXELS = 360
"""Of the longest side of a view."""
_GYRUS, _SULCUS = 0.82, 0.62
"""Grey where there are no data."""
_LAMP = np.array([-0.35, 0.45, 0.82])
_SHADE = 0.5  # of a face that is turned away from the lamp
_SLACK = 1e-6  # lest there be holes along edges
_STEP = 4  # pixels by which sizes of triangles are rounded up
_AT_ONCE = 2**20  # pixels


@dataclass(frozen=True, eq=False)
class SurfacePicture:
    """Which triangle each pixel shows, and where in it."""

    title: str
    """As ``left, lateral``."""
    side: str
    """One of "left", "right"."""
    vertices: np.ndarray
    """-1 where there is no surface. The first row is the lowest. Of int32, shape (height, width,
    3)."""
    weights: np.ndarray
    """Of these vertices; they add up to 1. Of float32, shape (height, width, 3)."""
    light: np.ndarray
    """Of float32, shape (height, width)."""
    size: tuple[float, float]
    """Width and height in mm."""
    left: str
    right: str
    """`left`, `right`: letters of the directions (A, P) that lie there."""
    under: np.ndarray
    """Grey of gyri and sulci, NaN outside. Of float32, shape (height, width)."""
    mark: None = None

    def values(self, surface: SurfaceMap) -> np.ndarray:
        """Return what each pixel shows of a map; NaN outside and where a vertex has no data."""
        return interpolated(surface.side(self.side), self.vertices, self.weights)


def surface_rows(mesh: str = "pial", pixels: int = PIXELS) -> list[list[SurfacePicture]]:
    """Return lateral views above medial ones, the left hemisphere on the left.

    Parameters
    ----------
    mesh : {"pial", "inflated"}
    pixels : int
        Of the longest side.
    """
    return [[_picture(seen, mesh, pixels) for seen in row] for row in FOUR]


@lru_cache(maxsize=8)  # both meshes of one size; large ones have 30 MB
def _picture(seen: SideView, mesh: str, pixels: int) -> SurfacePicture:
    right = np.array([0, -1.0 if seen.from_left else 1.0, 0])
    up = np.array([0, 0, 1.0])
    frame = np.array([right, up, np.cross(right, up)])
    hemisphere = fsaverage5()[seen.side]
    places = getattr(hemisphere, mesh)
    vertices, weights, light, step = painted(places, hemisphere.faces, frame, pixels)
    under = interpolated(sulcal_grey(hemisphere.sulcal_depth), vertices, weights)
    height, width = light.shape
    size = (width * step, height * step)
    title = f"{seen.side}, {seen.view}"
    return SurfacePicture(title, seen.side, vertices, weights, light, size, *seen.ends, under=under)


def sulcal_grey(depth: np.ndarray) -> np.ndarray:
    """Return the grey of vertices where there are no data: gyri light, sulci dark."""
    return np.where(depth > 0, _SULCUS, _GYRUS).astype(np.float32)


def painted(
    places: np.ndarray,
    faces: np.ndarray,
    frame: np.ndarray,
    pixels: int,
    reach: tuple[float, float] | None = None,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """Return which vertices each pixel shows, with which weights, its light, and mm a pixel.

    Parameters
    ----------
    places : ndarray, shape (n_vertices, 3)
        RAS mm.
    faces : ndarray of int, shape (n_faces, 3)
        Counterclockwise seen from outside.
    frame : ndarray, shape (3, 3)
        Unit vectors: what lies to the right, what up, and the way to the beholder.
    pixels : int
        Of the longest side.
    reach : (float, float), optional
        Half the width and height in mm of a picture about 0; what the surface takes where not
        given.
    """
    seen = np.asarray(places, float) @ frame.T
    low, high = seen[:, :2].min(axis=0), seen[:, :2].max(axis=0)
    if reach is not None:
        high = np.array(reach, float)
        low = -high
    step = float((high - low).max() / (pixels - 4))
    at = (seen[:, :2] - low) / step + 2  # in pixels, with a margin for the outline
    width, height = (np.ceil((high - low) / step) + 4).astype(int)
    all_faces = faces
    corners = at[faces]
    one, other = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    area = one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0]
    facing = area > 1e-9  # counterclockwise
    faces, corners = faces[facing], corners[facing]
    pixel, face, weights = _hits(corners, width)
    depth = np.einsum("nc,nc->n", weights, seen[faces[face], 2])
    order = np.argsort(depth)  # of what is written to a pixel the last, the nearest, stays
    vertices = np.full((height * width, 3), -1, np.int32)
    of_vertex = np.zeros((height * width, 3), np.float32)
    vertices[pixel[order]] = faces[face[order]]
    of_vertex[pixel[order]] = weights[order]
    vertices, weights = vertices.reshape(height, width, 3), of_vertex.reshape(height, width, 3)
    normals = vertex_normals(places, all_faces)
    lit = np.clip(normals @ (_LAMP @ frame), 0, 1).astype(np.float32)
    light = _SHADE + (1 - _SHADE) * np.nan_to_num(interpolated(lit, vertices, weights))
    return vertices, weights, light.astype(np.float32), step


def _hits(corners: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return every pixel (flat) in every triangle, which triangle, and the corners' weights.

    Parameters
    ----------
    corners : ndarray, shape (n_faces, 3, 2)
        In pixels, counterclockwise.
    width : int
        Pixels in a row.
    """
    first = np.floor(corners.min(axis=1)).astype(np.int64)
    reach = np.ceil((corners.max(axis=1) - first).max(axis=1)).astype(int)
    reach = -(-reach // _STEP) * _STEP  # few sizes, each in one go
    found = []
    for n in np.unique(reach):
        column, row = (part.ravel() for part in np.meshgrid(np.arange(n), np.arange(n)))
        all_of_size = np.flatnonzero(reach == n)
        for these in np.array_split(all_of_size, len(all_of_size) * n * n // _AT_ONCE + 1):
            x = first[these, 0, None] + column
            y = first[these, 1, None] + row
            (ax, ay), (bx, by), (cx, cy) = corners[these].transpose(1, 2, 0)[..., None]
            area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
            px, py = x + 0.5, y + 0.5
            b = ((px - ax) * (cy - ay) - (py - ay) * (cx - ax)) / area
            c = ((bx - ax) * (py - ay) - (by - ay) * (px - ax)) / area
            weights = np.stack([1 - b - c, b, c], axis=-1)
            inside = (weights >= -_SLACK).all(axis=-1)
            face = np.broadcast_to(these[:, None], inside.shape)[inside]
            found.append(((y * width + x)[inside], face, weights[inside]))
    pixel, face, weight = (np.concatenate(part) for part in zip(*found, strict=True))
    return pixel, face, weight


def interpolated(values: np.ndarray, vertices: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return values of vertices at pixels; NaN where there is none."""
    found = (values[vertices] * weights).sum(axis=-1)
    return np.where(vertices[..., 0] >= 0, found, np.nan).astype(np.float32)
