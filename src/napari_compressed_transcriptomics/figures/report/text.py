"""What a report says: sentences and rows of tables, made from results alone."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.registry import short_title
from napari_compressed_transcriptomics.codecs.training_record import fitted_to
from napari_compressed_transcriptomics.figures.plots import worst_first
from napari_compressed_transcriptomics.reconstruction.results import Results, SampleErrors
from napari_compressed_transcriptomics.reconstruction.summary import IN_SAMPLE

MAX_ROWS = 12
"""Rows of each table of the best or the worst."""

_FACTS = {
    "data": "data",
    "codec": "codec",
    "latent_size": "components",
    "n_samples": "samples",
    "n_genes": "genes",
    "device": "device",
    "seconds": "seconds",
}
_HELD_OUT = "held out"
_AGAIN = "this folder was written by an older version; run encode again to add it"


def title(results: Results) -> str:
    """Return what was compressed, how, and into how many components."""
    codec = short_title(str(results.record.get("codec", "unknown codec")))
    return f"{data_name(results)}: {codec}, {results.record['latent_size']} components"


def verdict(results: Results) -> Iterator[str]:
    """Yield what a reader wants to know first, in sentences."""
    record, r2 = results.record, results.r2_genes[np.isfinite(results.r2_genes)]
    if record.get("rmse") is not None:
        part = ""
        if (record.get("r2") or -1) > 0:
            part = f" and reconstruct {record['r2']:.1%} of the genes' variance over samples"
        fitted = fitted_to(record.get("training"), record.get("data_sha256"))
        where = f", {IN_SAMPLE}" if fitted else ""
        yield (
            f"{record['latent_size']} components stand for {record['n_genes']:,} genes with a "
            f"root-mean-square error of {record['rmse']:.4g} in the units of the data{part}{where}."
        )
    if held_out := record.get("held_out"):
        yield _of_held_out(held_out)
    if len(r2):
        yield (
            f"Half of the genes have an R² above {np.median(r2):.3f}; {_count(r2 < 0.5)} of "
            f"{len(r2):,} have one below 0.5, {_count(r2 < 0)} below 0 (worse than the mean alone)."
        )
    if results.samples is not None:
        low, middle, high = np.nanpercentile(results.samples.rmse, [5, 50, 95])
        yield (
            f"The median error of a sample is {middle:.4g}; nine in ten lie between {low:.4g} and "
            f"{high:.4g}."
        )


def _of_held_out(part: dict[str, Any]) -> str:
    ratio = part.get("ratio")
    times = f", {ratio:.2f} times the fitted one" if ratio is not None else ""
    buffer = f" with a buffer of {part['buffer_mm']:.0f} mm" if part["buffer_mm"] else ""
    how = "contiguous blocks of space" + buffer if part.get("split") == "blocks" else "random"
    return (
        f"On held-out samples the root-mean-square error is {part['rmse']:.4g}{times} "
        f"({part['n_folds']} folds, {how})."
    )


def _count(which: np.ndarray) -> str:
    return f"{which.sum():,}" if which.any() else "none"


def cautions(results: Results) -> Iterator[str]:
    """Yield what must be known before these numbers are believed."""
    record = results.record
    training = record.get("training")
    if fitted_to(training, record.get("data_sha256")):
        more = (
            "the held-out error tells what to expect of new data"
            if record.get("held_out")
            else "on data it has not seen, the error is likely larger"
        )
        yield f"The codec was fitted to these very data: {more}."
    for key, what in (
        ("excluded", "samples without data were left out"),
        ("filled", "genes that the data lack were filled in, and left out of all errors"),
    ):
        names = record.get(key)
        if isinstance(names, list) and names:
            shown = ", ".join(map(str, names[:8])) + (" …" if len(names) > 8 else "")
            yield f"{len(names):,} {what} ({shown})."
    notes = record.get("notes")
    if isinstance(notes, list):
        yield from (f"{note}".rstrip(".") + "." for note in notes)
    yield from (f"{note}." for note in results.notes)


def missing(results: Results) -> Iterator[str]:
    """Yield what the report cannot show, and why."""
    if results.density is None:
        yield f"The density of original against reconstructed values is missing: {_AGAIN}."
    if results.samples is None:
        yield f"The table of samples is missing: {_AGAIN}."
    if results.regions is None and (results.samples is not None or results.density is not None):
        yield (
            "Errors by region are missing: the samples are voxels. Give an atlas (--atlas) on the "
            "command line, or choose a Labels layer in the window."
        )
    if not isinstance(results.record.get("model_card"), str):
        yield f"The model card and the Methods paragraph are missing: {_AGAIN}."


def gene_tables(results: Results) -> dict[str, Any]:
    """Return headers and the rows of the best and the worst genes."""
    columns = {"RMSE": [digits(value) for value in results.rmse_genes]}
    if results.held_out_genes is not None:
        columns[_HELD_OUT] = [digits(value) for value in results.held_out_genes]
    columns["R²"] = [_r2(value) for value in results.r2_genes]
    rows = list(zip(results.genes, *columns.values(), strict=True))
    return {"headers": list(columns), **_extremes(rows, results.rmse_genes)}


def sample_tables(samples: SampleErrors | None) -> dict[str, Any] | None:
    """Return headers and the best and worst rows of samples or regions."""
    if samples is None:
        return None
    columns: dict[str, list[str]] = {"RMSE": [digits(value) for value in samples.rmse]}
    if samples.held_out is not None:
        columns[_HELD_OUT] = [digits(value) for value in samples.held_out]
    if samples.r2 is not None:
        columns["R²"] = [_r2(value) for value in samples.r2]
    if samples.counts is not None:
        columns["samples"] = [f"{count:,}" for count in samples.counts]
    if samples.centroids is not None:
        columns["x, y, z in mm"] = [
            ", ".join(f"{value:.0f}" for value in place) for place in samples.centroids
        ]
    rows = list(zip(samples.names, *columns.values(), strict=True))
    return {"headers": list(columns), **_extremes(rows, samples.rmse)}


def _extremes(rows: Sequence[tuple[str, ...]], rmse: np.ndarray) -> dict[str, Any]:
    """Return the rows of the largest and the smallest errors, none in both."""
    order = worst_first(rmse)
    n = min(MAX_ROWS, (len(order) + 1) // 2)
    worst, best = order[:n], order[::-1][: min(n, len(order) - n)]
    return {"worst": [rows[i] for i in worst], "best": [rows[i] for i in best]}


def methods(results: Results) -> str:
    """Return the Methods paragraph, and how well it went; empty where it is not recorded."""
    record = results.record
    methods = record.get("methods")
    if not isinstance(methods, str):
        return ""
    if record.get("rmse") is None:
        return methods
    r2 = f", R² {record['r2']:.3f}" if record.get("r2") is not None else ""
    return (
        f"{methods} Over {record['n_samples']:,} samples of {data_name(results)} and "
        f"{record['n_genes']:,} genes, the root-mean-square error of the reconstruction was "
        f"{record['rmse']:.4g}{r2} (R² about the genes' means)."
    )


def tables(record: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the caption and the rows of each table of how the result was made."""
    facts = {name: record.get(key) for key, name in _FACTS.items()}
    hashes = {key: record.get(key) for key in ("data_sha256", "model_sha256")}
    yield "Result", list(flat(facts))
    for caption, part in (
        ("On held-out samples", record.get("held_out")),
        ("Unlike the training data", record.get("novelty")),
        ("Parameters", record.get("parameters")),
        ("Input files", record.get("source")),
        ("SHA-256 of values and model", hashes),
        ("Versions", record.get("versions")),
    ):
        yield caption, list(flat(part))


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield (name, text) of everything in nested dictionaries and lists."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from flat(part, f"{name} {key}".strip().replace("_", " "))
    elif isinstance(value, list):
        yield name, ", ".join(map(str, value))
    elif isinstance(value, bool):
        yield name, "yes" if value else "no"
    elif value is not None:
        yield name, f"{value:.6g}" if isinstance(value, float) else str(value)


def digits(value: float) -> str:
    """Return four significant digits, or a dash for what is not defined."""
    return f"{value:#.4g}".rstrip(".") if np.isfinite(value) else "–"


def _r2(value: float) -> str:
    return f"{value:.3f}" if np.isfinite(value) else "–"


def without_formulas(name: str) -> str:
    r"""Return a name in which figures see no formula: each ``$`` as ``\$``."""
    return printable(name).replace("$", r"\$")


def printable(value: Any) -> Any:
    """Return text without characters that HTML forbids; lines stay."""
    if not isinstance(value, str) or hasattr(value, "__html__"):
        return value
    return "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in value
    )


def breakable(name: str) -> str:
    """Return a name as markup that may be broken into lines after its underscores."""
    from markupsafe import Markup, escape

    return Markup("_<wbr>").join(escape(part) for part in printable(name).split("_"))


def data_name(results: Results) -> str:
    """Return what was compressed."""
    name = results.record.get("data")
    if isinstance(name, str) and name:
        return name
    source = results.record.get("source")
    for part in source.values() if isinstance(source, dict) else ():
        if isinstance(part, dict) and isinstance(part.get("path"), str):
            return Path(part["path"]).name
    return "Expression"
