"""Latents that AnnData or a store hold beside expression: ours as a result, others' as they are."""

import json
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.training_record import fitted_to
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.io.files.files import H5AD, STORE, suffix
from napari_compressed_transcriptomics.io.files.hdf5 import Hdf5, opened_hdf5
from napari_compressed_transcriptomics.io.files.zarr_store import Store
from napari_compressed_transcriptomics.io.readers.h5ad_elements import names_of
from napari_compressed_transcriptomics.reconstruction.held_out_error import (
    HELD_OUT,
    RecordedHeldOut,
)

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

LATENTS, MODEL = "obsm/X_latent", "uns/model"
_ERRORS = ("rmse", "r2", "mean", "sd")


@dataclass(frozen=True, eq=False)
class Annotated:
    """What lies beside expression."""

    latents: np.ndarray | None = None
    """Of the samples of the expression; None where there are none, or not of all samples. Of
    float32, shape (n_samples, k)."""
    result: "Reconstruction | None" = None
    """With these latents, where the model that made them is there, too."""
    notes: tuple[str, ...] = ()
    """Why something that is there is not used."""


def latents_beside(path: str | Path, expression: Expression) -> Annotated:
    """Return the latents, and the result if it is one, that lie in the file of an expression.

    What is damaged or does not fit is not used, which is noted; nothing is raised.

    Parameters
    ----------
    path : str or Path
        ``.h5ad`` or ``.zarr``; nothing lies beside any other.
    expression : Expression
        As it was read from there.
    """
    try:
        if suffix(path, H5AD):
            with opened_hdf5(path, "AnnData") as file:
                return _in_h5ad(file, expression)
        if suffix(path, STORE):
            store = Store(path)
            if store.has(LATENTS):
                values = store.numbers(LATENTS, 2)
                samples = store.texts("obs/_index", store.values.shape[0])
                return Annotated(_of_samples(values, samples, expression))
    except UserError as error:
        return Annotated(notes=(f"Latents of {Path(path).name} are not shown: {error}",))
    return Annotated()


def _in_h5ad(file: Hdf5, expression: Expression) -> Annotated:
    item = file.find(LATENTS)
    if item is None:
        return Annotated()
    dataset = file.numbers(item, "obsm['X_latent']")
    if dataset.ndim != 2:
        raise UserError("obsm['X_latent'] is not a table of samples x components")
    samples = names_of(file, "obs", dataset.shape[0])
    latents = _of_samples(file.read(dataset), samples, expression)
    if file.find(MODEL) is None:
        return Annotated(latents)
    try:
        codec = _codec(file)
        return Annotated(latents, _result(file, codec, latents, samples, expression))
    except UserError as error:
        why = f"{file.path.name} holds a compression that is not opened: {error}"
        return Annotated(latents, notes=(why,))


def _of_samples(values: np.ndarray, samples: list[str], expression: Expression) -> np.ndarray:
    """Return the rows of the expression's samples, found by their names."""
    row = {name: i for i, name in enumerate(samples)}
    lacking = [name for name in expression.samples if name not in row]
    if lacking:
        raise UserError(f"they are of other samples ({lacking[0]} is not among them)")
    found = values[[row[name] for name in expression.samples]].astype(np.float32)
    if not np.isfinite(found).all():
        raise UserError("they are not all numbers")
    return np.ascontiguousarray(found)


def _codec(file: Hdf5) -> "Codec":
    from napari_compressed_transcriptomics.codecs.models.model_file import load_model

    content = file.read(file.numbers(file.find(MODEL), "uns['model']", "u")).astype(np.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.safetensors"
        path.write_bytes(content.tobytes())
        return load_model(path)


def _result(
    file: Hdf5, codec: "Codec", latents: np.ndarray, samples: list[str], expression: Expression
) -> "Reconstruction":
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

    text = file.texts(file.find("uns/provenance"), "uns['provenance']", ())
    try:
        record = json.loads(text[0])
        device, notes = str(record["device"]), tuple(map(str, record["notes"]))
        rmse, r2 = (float("nan" if record[key] is None else record[key]) for key in ("rmse", "r2"))
        filled = bool(record["filled"])
    except (KeyError, TypeError, ValueError, RecursionError):
        raise UserError("its record is damaged") from None
    if codec.latent_size != latents.shape[1]:
        raise UserError(f"its model has {codec.latent_size} components, not {latents.shape[1]}")
    data = expression.aligned_to(codec.genes, codec.gene_means if filled else None)
    sha256 = data.values_sha256
    if sha256 != record.get("data_sha256"):
        raise UserError("its expression has changed since; compress it again")
    held_out = record.get("held_out")
    more = [HELD_OUT] if held_out is not None else []
    of_samples = _columns(file, "obs", samples, expression.samples, ["rmse", "r2", *more])
    genes = names_of(file, "var", file.find("X").shape[1])
    of_genes = _columns(file, "var", genes, codec.genes, [*_ERRORS, *more])
    result = Reconstruction(
        codec=codec,
        expression=data,
        latents=latents,
        rmse_samples=of_samples["rmse"],
        r2_samples=of_samples["r2"],
        rmse_genes=of_genes["rmse"],
        r2_genes=of_genes["r2"],
        mean_genes=of_genes["mean"],
        sd_genes=of_genes["sd"],
        rmse=rmse,
        r2=r2,
        device=device,
        seconds=float(record.get("seconds") or 0),
        notes=tuple(note for note in notes if note not in data.notes),
        in_sample=fitted_to(codec.training, sha256),
    )
    if held_out is None:
        return result
    try:
        unseen = RecordedHeldOut.of(held_out, of_samples[HELD_OUT], of_genes[HELD_OUT])
    except (KeyError, TypeError, ValueError):
        raise UserError("its record of held-out samples is damaged") from None
    return replace(result, held_out=unseen)


def _columns(
    file: Hdf5, axis: str, there: list[str], wanted: tuple[str, ...], names: list[str]
) -> dict[str, Any]:
    """Return columns of ``obs`` or ``var``, for some of their rows; NaN where there is none."""
    row = {name: i for i, name in enumerate(there)}
    at = np.array([row.get(name, -1) for name in wanted])
    found = {}
    for name in names:
        item = file.find(f"{axis}/{name}")
        values = file.read(file.numbers(item, f"{axis}[{name!r}]", shape=(len(there),)))
        found[name] = np.where(at < 0, np.nan, values[at].astype(float))
    return found
