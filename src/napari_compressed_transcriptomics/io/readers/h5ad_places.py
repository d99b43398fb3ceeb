"""Where samples lie, in ``uns["parcellation"]``: stored with their names, found again by name."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.brain_space import space_of
from napari_compressed_transcriptomics.core.errors import UserError, listing
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.provenance import array_sha256
from napari_compressed_transcriptomics.io.files.hdf5 import Hdf5

from .surfaces.stored import ARRAYS, place_to_store, stored_place

_PLACE = "uns['parcellation']"
_FARTHEST = 1e7  # mm


def places_to_store(expression: Expression) -> dict[str, Any]:
    """Return ``uns["parcellation"]`` of an expression; see `io.h5ad`."""
    labels, affine = expression.parcellation.labels, expression.parcellation.affine
    more = place_to_store(expression.parcellation)
    return {
        "labels": labels,
        "affine": affine,
        **more,
        "samples": np.array(expression.samples, object),
        "sha256": _sha256(labels, affine, expression.samples, more),
    }


@dataclass(frozen=True)
class StoredPlaces:
    """Where samples lie, as our writer stored it.

    ``i + 1`` stands in the labels of `place` where the i-th of `samples` lies; these are None in
    files of older versions that hold regions, whose rows nothing ties to a place. `excluded` had
    no values when the file was written. `space` is empty where it is not known.
    """

    path: Path
    place: Parcellation
    samples: list[str] | None
    by_voxel: bool
    excluded: list[str]
    space: str

    def of_rows(self, samples: list[str]) -> tuple[Parcellation, list[str], list[str]]:
        """Find the place of each row by its name.

        Parameters
        ----------
        samples : list of str
            Names of the rows, which may have been reordered or filtered since.

        Returns
        -------
        Parcellation
        list of str
            Names of samples that have no row any more.
        list of str
            Notes.

        Raises
        ------
        UserError
            Rows are named otherwise or twice, or nothing tells which row lies where.
        """
        file = self.path.name
        if self.samples is None:
            raise UserError(
                f"{file} is of an older version that did not store which row lies where, and rows "
                "may have been reordered since; save it again from its source, or give its atlas"
            )
        if repeated := [name for name, count in Counter(samples).items() if count > 1]:
            raise UserError(
                f"{file} has rows of the same name ({listing(repeated)}); name each once"
            )
        known = set(self.samples)
        if unknown := [name for name in samples if name not in known]:
            raise UserError(
                f"{file} has {len(unknown)} row(s) ({listing(unknown)}) that are not samples of "
                f"its {_PLACE} ({listing(self.samples, 3)}), and rows are placed by name; give "
                "them their old names"
            )
        row_of = {name: row for row, name in enumerate(samples, 1)}
        lookup = np.array([0, *(row_of.get(name, 0) for name in self.samples)], np.int32)
        lost = [name for name in self.samples if name not in row_of]
        notes = []
        if lost:
            notes.append(
                f"{len(lost)} sample(s) of {_PLACE} have no row in {file} any more "
                f"({listing(lost)}) and are shown as no data"
            )
        return self.place.renumbered(lookup[self.place.labels]), lost, notes


def stored_places(file: Hdf5) -> StoredPlaces | None:
    """Return what our writer stored; a `UserError` where it is damaged."""
    name = file.path.name
    found = {
        key: file.find(f"uns/parcellation/{key}")
        for key in ("labels", "affine", *ARRAYS, "samples", "sha256")
    }
    if found["labels"] is None or found["affine"] is None:
        return None
    dataset = file.numbers(found["labels"], f"labels in {_PLACE}", "iu")
    if dataset.ndim != 3 or not dataset.size:
        raise UserError(
            f"{name} has labels of shape {dataset.shape} in {_PLACE} where x, y, z are needed; "
            "save it again"
        )
    require_memory(dataset.size * (dataset.dtype.itemsize + 12) + file.bytes_at_once(dataset), name)
    labels = file.read(dataset)
    affine = file.read(file.numbers(found["affine"], f"affine in {_PLACE}", shape=(4, 4)))
    affine = affine.astype(float)
    usable = np.abs(affine).max() < _FARTHEST and np.array_equal(affine[3], (0, 0, 0, 1))
    if not usable or np.linalg.det(affine) == 0:
        raise UserError(f"{name} has an affine in {_PLACE} that places no voxel; save it again")
    samples = None
    if found["samples"] is not None:
        samples = file.texts(found["samples"], f"samples in {_PLACE}")
    n = int(labels.max())
    # The numbers are compared first, so that nothing grows with a label that is far too large.
    fits = labels.min() >= 0 and n <= labels.size
    if fits and samples is not None:
        fits = len(samples) == len(set(samples)) == n
    if fits:
        labels = labels.astype(np.int32, copy=False)
        voxels = np.bincount(labels.ravel(), minlength=n + 1)[1:]
    shapes = {"surface": (2,), "coordinates": (labels.size, 3), "lacking": labels.shape}
    more = {
        key: file.read(file.numbers(found[key], f"{key} in {_PLACE}", shape=shapes[key]))
        for key in ARRAYS
        if found[key] is not None
    }
    if not fits or not voxels.all():
        raise UserError(
            f"{name} has labels in {_PLACE} that are not 1 to the number of its samples; save it "
            "again"
        )
    if found["sha256"] is not None and samples is not None:
        stated = file.texts(found["sha256"], f"sha256 in {_PLACE}")
        if stated != [_sha256(labels, affine, samples, more)]:
            raise UserError(
                f"{name} has other labels, samples or affine in {_PLACE} than were written (their "
                "sha256 there differs; remove it if this was intended); get the file again"
            )
    by_voxel = bool((voxels == 1).all())
    if samples is None and by_voxel:  # older versions named voxels by their place, if nothing else
        order = np.argsort(labels[labels > 0])
        samples = ["_".join(map(str, voxel)) for voxel in np.argwhere(labels)[order].tolist()]
    place = stored_place(labels, affine, more, name)
    return StoredPlaces(file.path, place, samples, by_voxel, *_told(file))


def _told(file: Hdf5) -> tuple[list[str], str]:
    """Return what ``uns["provenance"]`` tells: samples that had no values, and the space.

    Nothing if it is odd.
    """
    import h5py

    item = file.find("uns/provenance")
    if not isinstance(item, h5py.Dataset) or item.shape != ():
        return [], ""
    (text,) = file.texts(item, "uns['provenance']")
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return [], ""
    if not isinstance(record, dict):
        return [], ""
    names = record.get("excluded")
    excluded = names if isinstance(names, list) else []
    return [str(name).encode(errors="replace").decode() for name in excluded], space_of(record)


def _sha256(
    labels: np.ndarray, affine: np.ndarray, samples: Sequence[str], more: dict[str, np.ndarray]
) -> str:
    names = np.frombuffer("\n".join(samples).encode(), np.uint8)
    return array_sha256(labels.astype(np.int32), affine.astype(np.float64), names, *more.values())
