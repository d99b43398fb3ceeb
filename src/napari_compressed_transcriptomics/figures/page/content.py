"""What a page holds: names, numbers and words as JSON, and arrays."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.models.methods_paragraph import methods_paragraph
from napari_compressed_transcriptomics.codecs.registry import short_title
from napari_compressed_transcriptomics.core.brain_space import is_mni, space_of
from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.core.progress import Report, silent
from napari_compressed_transcriptomics.core.provenance import json_safe, portable
from napari_compressed_transcriptomics.core.regions import samples_as_regions, short_name
from napari_compressed_transcriptomics.figures.colors import colormap
from napari_compressed_transcriptomics.figures.scale import Scale
from napari_compressed_transcriptomics.reconstruction.summary import IN_SAMPLE
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import NO_ERROR
from napari_compressed_transcriptomics.spatial.ribbon import ribbon
from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation

from .decoder import decoder_of
from .rounding import Rounded, RoundingError, rounding_error

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction

_OF_GENES = "viridis"


@dataclass(frozen=True, eq=False)
class Content:
    """What a page holds."""

    record: dict[str, Any]
    """JSON-safe: names, sizes, scales of colours, sentences."""
    arrays: dict[str, np.ndarray]
    """What is large; volumes are in the order of NIfTI, the first axis fastest."""
    rounding: RoundingError


def content_of(
    result: "Reconstruction",
    gene: str | None = None,
    precision: str = "auto",
    report: Report = silent,
) -> Content:
    """Gather what a page holds of a result.

    Parameters
    ----------
    result : Reconstruction
    gene : str, optional
        What it opens with; the gene whose R2 is the median where not given.
    precision : {"auto", "float16", "int8"}
        Of the last layer; "auto" is float16 unless it is large, see `rounding.MOST_FLOAT16`.
    report : callable, optional
        Called with each `Progress`; may raise `Stop` or `Cancelled`.

    Raises
    ------
    UserError
        The decoder is no chain of layers, there is no such gene, or it is not known where the
        samples lie.
    """
    expression, codec = result.expression, result.codec
    space = space_of(expression.source)
    decoder = decoder_of(codec)
    first = _typical(result.r2_genes) if gene is None else expression.column(gene)
    labels, affine = _place(expression.parcellation)
    rounded = Rounded.of(decoder, result.latents, precision)
    rounding = rounding_error(decoder, result.latents, rounded, report)
    regions = samples_as_regions(expression)
    errors = {}
    if result.has_errors:
        errors["RMSE over all genes"] = result.rmse_samples
    if result.held_out is not None:
        errors["held-out RMSE"] = result.held_out.rmse_samples
    maps = [_map(Scale.of_error(of_samples, name)) for name, of_samples in errors.items()]
    for k in range(codec.latent_size):
        maps.append(_map(Scale.of_component(result.latents[:, k], f"Component {k + 1}")))
    colormaps = sorted({_OF_GENES, *(one["colormap"] for one in maps)})
    record = {
        "title": f"{expression.name}: {short_title(codec.id)}, {codec.latent_size} components",
        "verdict": list(_verdict(result)),
        "methods": methods_paragraph(codec),
        "rounding": _rounding_words(rounding, rounded, result.rmse),
        "space": space if is_mni(space) else "",
        "notes": portable([*expression.notes, *result.notes]),
        "samples": None if regions is None else [short_name(name) for name in expression.samples],
        "genes": list(expression.genes),
        "first": first,
        "gene_table": list(result.gene_table),
        "n_error_maps": len(errors),
        "maps": maps,
        "colormaps": colormaps,
        "of_genes": _OF_GENES,
        "shape": list(labels.shape),
        "start": _fullest(labels, affine).tolist(),
        "to_voxels": np.linalg.inv(affine)[:3].tolist(),
        "sigmoid": decoder.sigmoid,
        "steps": [{"inputs": list(step.inputs), "elu": step.elu} for step in decoder.steps],
    }
    arrays: dict[str, np.ndarray] = {
        "labels": _smallest(labels.ravel(order="F")),
        "nifti": _nifti_header(labels.shape, affine),
        "first": rounded.gene(decoder, first),
        **{f"error_{i}": np.asarray(e, np.float32) for i, e in enumerate(errors.values())},
        "latents": rounded.latents,
        "latent_scale": rounded.latent_scale,
        "weight": rounded.weight,
        "gene_scale": rounded.gene_scale,
        "activation_scale": rounded.activation_scale,
        "bias": decoder.bias,
        **{
            f"gene_{name}": np.asarray(values, np.float32)
            for name, values in result.gene_table.items()
        },
        **{name: _colors(name) for name in colormaps},
    }
    for number, step in enumerate(decoder.steps):
        arrays[f"weight_{number}"], arrays[f"bias_{number}"] = step.weight, step.bias
    return Content(json_safe(record), arrays, rounding)


def _typical(r2: np.ndarray) -> int:
    """Return the gene whose R2 is the median: neither what flatters nor what does not."""
    known = np.flatnonzero(np.isfinite(r2))
    if not len(known):
        return 0
    return int(known[np.argsort(r2[known], kind="stable")[len(known) // 2]])


def _place(parcellation: Parcellation) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and affine of the box around all samples, one voxel wider on each side."""
    if isinstance(parcellation, SurfaceParcellation):
        labels, affine = ribbon(parcellation)
    else:
        labels, affine = parcellation.labels, parcellation.affine
    inside = np.argwhere(labels)
    low, high = inside.min(0), inside.max(0) + 1
    box = labels[tuple(slice(*ends) for ends in zip(low, high, strict=True))]
    moved = affine.copy()
    moved[:3, 3] += affine[:3, :3] @ (low - 1)
    return np.pad(box, 1), moved


def _fullest(labels: np.ndarray, affine: np.ndarray) -> np.ndarray:
    """Return where the three planes cross that show most of the brain, RAS mm (3,)."""
    inside = labels > 0
    counts = (inside.sum(axis=axes) for axes in ((1, 2), (0, 2), (0, 1)))
    return (affine @ [*(int(count.argmax()) for count in counts), 1])[:3]


def _smallest(labels: np.ndarray) -> np.ndarray:
    return labels.astype(np.uint16 if labels.max() < 2**16 else np.uint32)


def _nifti_header(shape: tuple[int, ...], affine: np.ndarray) -> np.ndarray:
    """Return the bytes before the voxels of a float32 NIfTI file."""
    import nibabel

    header = nibabel.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.float32)
    header.set_xyzt_units("mm")
    header.set_sform(affine, "aligned")
    header.set_qform(affine, "aligned", strip_shears=True)
    header["vox_offset"] = 352
    header["magic"] = b"n+1"
    return np.frombuffer(header.binaryblock + bytes(4), np.uint8)


def _map(scale: Scale) -> dict[str, Any]:
    return {"label": scale.label, "low": scale.low, "high": scale.high, "colormap": scale.colormap}


def _colors(name: str) -> np.ndarray:
    """Return a colormap, uint8 (256, 3)."""
    return np.rint(colormap(name)(np.arange(256))[:, :3] * 255).astype(np.uint8)


def _verdict(result: "Reconstruction") -> Iterator[str]:
    expression, codec = result.expression, result.codec
    yield (
        f"{codec.latent_size} components stand for {expression.n_genes:,} genes at "
        f"{expression.n_samples:,} {_things(expression)}; every map of a gene is a reconstruction "
        "from them, not a measurement."
    )
    if not result.has_errors:
        yield f"{NO_ERROR}."
        return
    where = f", {IN_SAMPLE}" if result.in_sample else ""
    yield f"RMSE\N{NO-BREAK SPACE}{result.rmse:.4g}, R²\N{NO-BREAK SPACE}{result.r2:.3f}{where}."
    if result.held_out is not None:
        yield result.held_out.in_words(result.rmse)


def _things(expression: "Expression") -> str:
    if samples_as_regions(expression) is not None:
        return "regions"
    vertices = isinstance(expression.parcellation, SurfaceParcellation)
    return "vertices" if vertices else "voxels"


def _rounding_words(error: RoundingError, rounded: Rounded, rmse: float) -> str:
    part = f", {error.rms / rmse:.2%} of its RMSE" if rmse > 0 else ""
    return (
        f"The latents are held as float16 and the last layer as {rounded.weight.dtype}: values "
        f"differ from those of the result by {error.rms:.2g} (root mean square over all genes at "
        f"{error.n_samples:,} samples{part}), at most by {error.largest:.2g}."
    )
