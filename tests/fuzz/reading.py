"""All that was read from a file, as one flat dictionary: what is where, and what it says.

Keys are tuples: what kind of entry it is, then the names that it belongs to. Expression is
matched by name, so that the order of rows and columns makes no difference.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Entries = dict[tuple, Any]


@dataclass(frozen=True)
class Reading:
    """Entries, and the notes that came with them."""

    entries: Entries
    notes: tuple[str, ...] = ()


def of_expression(expression: Any) -> Reading:
    """Return ("value", sample, gene), ("place", sample) and ("excluded", sample)."""
    entries: Entries = {
        ("value", sample, gene): value
        for sample, row in zip(expression.samples, expression.values.tolist(), strict=True)
        for gene, value in zip(expression.genes, row, strict=True)
    }
    parcellation = expression.parcellation
    voxels = np.argwhere(parcellation.labels)
    mm = voxels @ parcellation.affine[:3, :3].T + parcellation.affine[:3, 3]
    of_voxel = parcellation.labels[tuple(voxels.T)] - 1
    order = np.argsort(of_voxel, kind="stable")
    ends = np.cumsum(parcellation.voxels_per_sample)[:-1]
    for sample, place in zip(expression.samples, np.split(mm[order].round(2), ends), strict=True):
        entries["place", sample] = place.tobytes()
    for sample in expression.excluded:
        entries["excluded", sample] = True
    return Reading(entries, expression.notes)


def of_volume(volume: Any) -> Reading:
    """Return ("value", x, y, z), ("affine",), ("kind",), ("background",) and ("name", label)."""
    places = np.ndindex(volume.data.shape)
    entries: Entries = {
        ("value", *place): _plain(value)
        for place, value in zip(places, volume.data.ravel().tolist(), strict=True)
    }
    entries["affine",] = volume.affine.round(3).tobytes()
    entries["kind",] = volume.kind
    entries["intent",] = volume.intent
    entries["background",] = volume.background
    entries |= {("name", label): name for label, name in volume.names.items()}
    return Reading(entries, (*volume.notes, *_shared(volume.names)))


def of_codec(codec: Any) -> Reading:
    """Return ("name", gene's number), tensors, what it makes of data, and its card."""
    from napari_compressed_transcriptomics.codecs.models.model_card import model_card

    data = np.full((2, len(codec.genes)), 0.5, np.float32)
    entries: Entries = {("name", i): gene for i, gene in enumerate(codec.genes)}
    entries |= {("tensor", name): digest(tensor) for name, tensor in codec.tensors().items()}
    entries["output",] = digest(codec.encode(data, device="cpu"))
    entries["config",] = json.dumps(codec.config(), sort_keys=True)
    entries["record",] = json.dumps(codec.training, sort_keys=True)
    entries["card",] = model_card(codec)
    return Reading(entries)


def of_targets(targets: Iterable[Any], samples: Iterable[str]) -> Reading:
    """Return ("value", target, sample)."""
    entries: Entries = {
        ("value", target.name, sample): _plain(round(value, 6))
        for target in targets
        for sample, value in zip(samples, target.values.tolist(), strict=True)
    }
    return Reading(entries, tuple(note for target in targets for note in target.notes))


def of_features(features: Any) -> Reading:
    """Return ("value", sample's number, component)."""
    return Reading(_table("value", features.values.round(5)), features.notes)


def of_named_latents(sets: Iterable[Any]) -> Reading:
    """Return ("value", set, x, y, z, component) at places in mm."""
    entries: Entries = {}
    for one in sets:
        places = one.parcellation.centroids.round(2).tolist()
        for place, row in zip(places, one.values.tolist(), strict=True):
            for k, value in enumerate(row):
                entries["value", one.name, *place, k] = _plain(value)
    return Reading(entries)


def of_region_names(names: dict[int, str]) -> Reading:
    """Return ("name", id)."""
    return Reading({("name", region): name for region, name in names.items()}, _shared(names))


def of_row_names(rows: Any) -> Reading:
    """Return ("name", row) and ("cortex", name)."""
    entries: Entries = {("name", row): name for row, name in enumerate(rows.names)}
    entries |= {("cortex", name): True for name in rows.cortical}
    return Reading(entries, _shared(dict(enumerate(rows.names))))


def of_results(results: Any) -> Reading:
    """Return errors, latents, density and the record."""
    entries = _table("value", results.latents, "latent")
    for measure in ("rmse", "r2"):
        of_genes = zip(results.genes, getattr(results, f"{measure}_genes"), strict=True)
        entries |= {("value", measure, gene): _plain(value) for gene, value in of_genes}
    entries["volume", "error"] = digest(results.error_volume)
    entries["volume", "latents"] = digest(results.latent_volume)
    entries["affine",] = results.affine.round(3).tobytes()
    for kind in ("samples", "regions"):
        errors = getattr(results, kind)
        if errors is not None:
            rows = zip(errors.names, errors.rmse.tolist(), strict=True)
            entries |= {("value", kind, name): rmse for name, rmse in rows}
            entries["place", kind] = digest(errors.centroids)
    if results.density is not None:
        entries["density",] = digest(results.density.counts)
    known = {key: value for key, value in results.record.items() if not _is_bookkeeping(key)}
    entries |= {("record", key): json.dumps(value) for key, value in known.items()}
    return Reading(entries, tuple(getattr(results, "notes", ())))


def of_scores(scores: Iterable[Any]) -> Reading:
    """Return ("value", method, latent size, split, fold, measure), without the seconds."""
    entries: Entries = {}
    for score in scores:
        entries["value", *score.fit, "rmse"] = round(score.rmse, 6)
        entries["value", *score.fit, "r2"] = round(score.r2, 5)
    return Reading(entries)


def digest(array: Any) -> str:
    """Return a hash of an array with its shape and type."""
    array = np.asarray(array)
    said = f"{array.shape}{array.dtype.str}".encode()
    return hashlib.sha256(said + np.ascontiguousarray(array).tobytes()).hexdigest()


def _shared(names: dict[int, str]) -> tuple[str, ...]:
    """Return the note on names of several regions, which is for those who use them to give."""
    shared = len(names) - len(set(names.values()))
    return (f"{shared} names stand for several regions",) if shared else ()


def _table(kind: str, values: np.ndarray, *names: str) -> Entries:
    places = np.ndindex(values.shape)
    cells = zip(places, values.ravel().tolist(), strict=True)
    return {(kind, *names, *place): _plain(value) for place, value in cells}


def _plain(value: float) -> float | str:
    return "NaN" if value != value else value


def _is_bookkeeping(key: str) -> bool:
    """Whether a field of the record is about the files, not about the result."""
    return key in ("files", "files_sha256", "sha256")
