"""Atlases: label volumes, and whether they are what they seem."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.io.files.nifti import read_volumes
from napari_compressed_transcriptomics.io.files.nifti_header import read_header

from .region_names import region_key
from .surfaces.names import is_surface_atlas

TOLERANCE = 1e-3  # of float labels from the nearest integer


@dataclass(frozen=True, eq=False)
class Atlas:
    """A label volume."""

    path: Path
    labels: np.ndarray
    """The atlas's own ids, 0 outside. Of int32, shape (x, y, z)."""
    affine: np.ndarray
    """Voxels to RAS mm. Of float64, shape (4, 4)."""
    notes: tuple[str, ...] = ()
    space: str = ""
    """See `core.brain_space`; empty where nothing tells it."""
    names: dict[int, str] = field(default_factory=dict)
    """Names of ids that the file itself tells."""
    place: Parcellation | None = None
    """What `labels` are of, where they are not of voxels."""

    def parcellation(self, labels: np.ndarray) -> Parcellation:
        """Return where samples lie that are numbered by `labels`, of the shape of the atlas's."""
        if self.place is not None:
            return self.place.renumbered(labels)
        return Parcellation(labels, self.affine)

    @cached_property
    def ids(self) -> np.ndarray:
        """The ids that have a voxel, ascending, without 0."""
        ids = np.unique(self.labels)
        return ids[ids != 0]

    def rows(self, row_of: Mapping[int, int]) -> np.ndarray:
        """Return the volume in which each id stands as its row + 1, and 0 where it has none."""
        lookup = np.array([0, *(row_of.get(int(i), -1) + 1 for i in self.ids)], np.int32)
        index = np.searchsorted(self.ids, self.labels) + 1
        return lookup[np.where(self.labels == 0, 0, index)]


def read_atlas(path: str | Path) -> Atlas:
    """Read a label volume, or labels of vertices (``.annot``, ``.label.gii``).

    Raises
    ------
    UserError
        The file is not a readable NIfTI, not 3-D (a probabilistic atlas), holds values that are
        negative or no integers (within 0.001), or no label at all.
    """
    if is_surface_atlas(path):
        from .surfaces.regions import read_vertex_labels

        found = read_vertex_labels(Path(path))
        place = found.place
        return Atlas(
            Path(path), found.labels, place.affine, found.notes, names=found.names, place=place
        )
    header = read_header(path)
    if len(header.shape) != 3:
        raise UserError(
            f"{header.path.name} is {len(header.shape)}-D where an atlas is 3-D with one label per "
            "voxel; make such labels from a probabilistic atlas (each voxel's likeliest region)"
        )
    labels = as_labels(read_volumes(header), header.path.name)
    if not labels.any():
        raise UserError(f"{header.path.name} has no label above 0; choose the atlas's label volume")
    return Atlas(header.path, labels, header.affine, header.notes, header.space)


def nameless_note(atlas: Atlas, names: Mapping[int, str], label_table: str) -> list[str]:
    """Return a sentence on the regions that a label table does not name, if it names any."""
    nameless = [region for region in map(int, atlas.ids) if region not in names]
    if not (names and nameless):
        return []
    return [
        f"{len(nameless)} region(s) of {atlas.path.name} have no name in {label_table} "
        f"({listing(nameless)})"
    ]


def shared_note(atlas: Atlas, names: Iterable[str]) -> list[str]:
    """Return a sentence on names that several ids have, if there are any."""
    shared = [name for name, count in Counter(names).items() if count > 1]
    if not shared:
        return []
    return [
        f"{len(shared)} name(s) stand for several ids of {atlas.path.name} "
        f"({listing(shared)}); these regions are told apart by their ids"
    ]


def as_labels(data: np.ndarray, name: str) -> np.ndarray:
    """Return label values as int32; NaN is outside, and a `UserError` names what is no label."""
    if data.dtype.kind == "f":
        data = np.nan_to_num(data, nan=0.0)
        whole = np.rint(data)
        off = np.abs(data - whole) > TOLERANCE
        if off.any():
            raise UserError(
                f"{name} has the value {data[off][0]:.6g} where labels are whole numbers; choose a "
                "label volume, resampled with nearest neighbour"
            )
        data = whole
    if data.min() < 0 or data.max() > np.iinfo(np.int32).max:
        raise UserError(
            f"{name} has labels from {data.min():g} to {data.max():g} where 0 to 2147483647 are "
            "possible; renumber them"
        )
    return data.astype(np.int32)


def check_sides(parcellation: Parcellation, names: list[str], name: str) -> list[str]:
    """Compare the sides that names tell with the sides where the regions lie.

    Parameters
    ----------
    parcellation : Parcellation
    names : list of str
        Name of each sample.
    name : str
        The atlas's file, for messages.

    Returns
    -------
    list of str
        Notes: a single hemisphere on the other side, ids shared by both hemispheres.

    Raises
    ------
    UserError
        Regions named left lie right of those named right.
    """
    if not parcellation.places_known:
        return []
    x = parcellation.centroids[:, 0]
    sides = np.array([region_key(region)[0] for region in names])
    left, right = x[sides == "L"], x[sides == "R"]
    if left.size and right.size and left.mean() > right.mean():
        raise UserError(
            f"{name} is mirrored: regions named left lie at x = {left.mean():.0f} mm and those "
            f"named right at {right.mean():.0f} mm, while left is negative; use an atlas with the "
            "right affine"
        )
    notes = []
    if left.size and not right.size and left.mean() > 0:
        notes.append(f"Regions named left lie on the right (x > 0) in {name}; is it mirrored?")
    if right.size and not left.size and right.mean() < 0:
        notes.append(f"Regions named right lie on the left (x < 0) in {name}; is it mirrored?")
    if two_sided := _on_both_sides(parcellation):
        notes.append(
            f"{two_sided} of {parcellation.n_samples} regions of {name} lie in both hemispheres "
            "alike: the hemispheres share ids, so each value is shown on both sides"
        )
    return notes


def _on_both_sides(parcellation: Parcellation) -> int:
    """Count regions with a good part of their voxels on either side, if most are so."""
    of_voxel, places = parcellation.places_in(np.eye(4))
    x = places[:, 0]
    on_left = np.bincount(of_voxel, x < 0, parcellation.n_samples) / parcellation.voxels_per_sample
    spread = np.abs(x - parcellation.centroids[of_voxel, 0])
    # Midline regions are two-sided too, but compact: two halves lie far from their common centre.
    far = np.bincount(of_voxel, spread, parcellation.n_samples) / parcellation.voxels_per_sample
    count = int(((on_left > 0.25) & (on_left < 0.75) & (far > 10)).sum())
    return count if count > parcellation.n_samples / 2 else 0
