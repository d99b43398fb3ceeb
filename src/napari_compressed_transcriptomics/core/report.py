"""A compression told on one page of HTML that needs nothing else: no network, no script."""

from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import brain_figures, plots
from .progress import Progress, finish
from .regions import Regions
from .results import Results, SampleErrors, results_steps
from .slices import BrainSpace
from .svg import PAGE_COLOR, inline_svg

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .reconstruction import Reconstruction

MOST_ROWS = 12
"""Rows of each table of the best or the worst."""

MOST_REGIONS = 30
"""Regions in the plot of errors by region."""

_FACTS = {
    "data": "data",
    "codec": "codec",
    "latent_size": "components",
    "n_samples": "samples",
    "n_genes": "genes",
    "device": "device",
    "seconds": "seconds",
}
_AGAIN = "this folder was written by an older version; run encode again to add it"


def report_of(
    reconstruction: "Reconstruction",
    parameters: dict[str, Any] | None = None,
    regions: Regions | None = None,
) -> str:
    """Return the report of a reconstruction in memory, HTML; see `report_of_steps`."""
    return finish(report_of_steps(reconstruction, parameters, regions))


def report_of_steps(
    reconstruction: "Reconstruction",
    parameters: dict[str, Any] | None = None,
    regions: Regions | None = None,
) -> Generator[Progress, None, str]:
    """Make the report of a reconstruction in memory, as a generator of progress.

    Parameters
    ----------
    reconstruction : Reconstruction
    parameters : dict, optional
        The settings that were chosen, JSON-safe.
    regions : Regions, optional
        Of the samples, for the error by region; a region table's own where not given.

    Returns
    -------
    str
        HTML.
    """
    results = yield from results_steps(reconstruction, parameters, regions)
    return (yield from report_steps(results))


def report_steps(results: Results) -> Generator[Progress, None, str]:
    """Make the report of results, as a generator of progress that returns HTML.

    See Also
    --------
    io.read_results.read_results : results of a folder.
    """
    figures: dict[str, str] = {}
    makers = dict(_figures(results))
    for done, (name, (make, words)) in enumerate(makers.items(), 1):
        figures[name] = inline_svg(make(), name, words)
        yield Progress("Drawing", done, len(makers))
    components = [name for name in figures if name.startswith("component-")]
    return (
        _template()
        .render(
            title=f"{_name(results)}: {results.record.get('codec', 'unknown codec')}, "
            f"{results.record['latent_size']} components",
            record=results.record,
            verdict=list(_verdict(results)),
            cautions=list(_cautions(results)),
            missing=list(_missing(results)),
            figures=figures,
            components=components,
            genes=_extremes(_gene_rows(results), results.rmse_genes),
            samples=_of_samples(results.samples),
            regions=None if results.regions is results.samples else _of_samples(results.regions),
            samples_are="regions" if results.regions is results.samples else "samples",
            methods=_methods(results),
            tables=list(_tables(results.record)),
            version=_version(),
        )
        .lstrip()
    )


Maker = tuple[Callable[[], "Figure"], str]


def _figures(results: Results) -> Iterator[tuple[str, Maker]]:
    """Yield the name of each figure, what makes it, and what it shows in words."""
    volume, record = results.error_volume, results.record
    space = BrainSpace(np.isfinite(volume), results.affine)
    errors = results.samples.rmse if results.samples else volume[np.isfinite(volume)]
    scale = brain_figures.Scale.of_error(errors)
    upto = f"from {scale.low:.3g} to {scale.high:.3g}"
    yield (
        "error-slices",
        (
            lambda: brain_figures.error_slices(space, volume, scale, foreground=PAGE_COLOR),
            f"Six axial, six coronal and six sagittal slices of the error (RMSE), {upto}; right "
            "is on the right",
        ),
    )
    yield (
        "error-views",
        (
            lambda: brain_figures.error_views(space, volume, scale, foreground=PAGE_COLOR),
            f"The error (RMSE), {upto}, on the surface from six sides, and the largest along each "
            "line of sight from three",
        ),
    )
    if results.density is not None and record.get("rmse") is not None:
        density, rmse = results.density, record["rmse"]
        yield (
            "density",
            (
                lambda: plots.density_plot(density, rmse, foreground=PAGE_COLOR),
                "Logarithmic density of reconstructed against original expression",
            ),
        )
    yield (
        "histogram",
        (
            lambda: plots.error_histogram(errors, foreground=PAGE_COLOR),
            f"Histogram of the error of {len(errors):,} samples, median {np.nanmedian(errors):.4g}",
        ),
    )
    if results.regions is not None:
        regions = results.regions
        yield (
            "regions",
            (
                lambda: plots.region_dots(
                    [plain(name) for name in regions.names],
                    regions.rmse,
                    regions.counts,
                    overall=record.get("rmse"),
                    most=MOST_REGIONS,
                    foreground=PAGE_COLOR,
                ),
                f"Error of {len(regions.names):,} regions as dots, the worst on top",
            ),
        )
    pictures = brain_figures.component_pictures(space)
    for k in range(results.latent_volume.shape[3]):
        yield f"component-{k + 1}", _component(results, pictures, k)


def _component(results: Results, pictures: Any, k: int) -> Maker:
    scale = brain_figures.Scale.of_component(results.latents[:, k], f"component {k + 1}")
    volume = results.latent_volume[..., k]
    return (
        lambda: brain_figures.draw(pictures, volume, scale, foreground=PAGE_COLOR),
        f"Component {k + 1} from {scale.low:.3g} (blue) to {scale.high:.3g} (red) in an axial, a "
        "coronal and a sagittal slice and on the surface from the left, the right and above",
    )


def _verdict(results: Results) -> Iterator[str]:
    """Yield what a reader wants to know first, in sentences."""
    record, r2 = results.record, results.r2_genes[np.isfinite(results.r2_genes)]
    if record.get("rmse") is not None:
        part = ""
        if record.get("r2") is not None:
            part = f" and give back {record['r2']:.1%} of the genes' variance over samples"
        yield (
            f"{record['latent_size']} components stand for {record['n_genes']:,} genes with a "
            f"root-mean-square error of {record['rmse']:.4g} in the units of the data{part}."
        )
    if len(r2):
        yield (
            f"Half of the genes have an R² above {np.median(r2):.3f}; {_count(r2 < 0.5)} of "
            f"{len(r2):,} have one below 0.5, and {_count(r2 < 0)} below 0: worse than their mean."
        )
    if results.samples is not None:
        errors = results.samples.rmse[np.isfinite(results.samples.rmse)]
        low, middle, high = np.percentile(errors, [5, 50, 95])
        yield (
            f"The error of a sample is {middle:.4g} in the middle; nine in ten lie between "
            f"{low:.4g} and {high:.4g}."
        )


def _count(which: np.ndarray) -> str:
    return f"{which.sum():,}" if which.any() else "none"


def _cautions(results: Results) -> Iterator[str]:
    """Yield what must be known before these numbers are believed."""
    record = results.record
    training = record.get("training")
    fitted_to = training.get("data_sha256") if isinstance(training, dict) else None
    if fitted_to and fitted_to == record.get("data_sha256"):
        yield (
            "The codec was fitted to these very data: on data it has not seen, the error is "
            "likely larger."
        )
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


def _missing(results: Results) -> Iterator[str]:
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


def _gene_rows(results: Results) -> list[tuple[str, ...]]:
    numbers = zip(results.genes, results.rmse_genes, results.r2_genes, strict=True)
    return [(gene, digits(rmse), _r2(r2)) for gene, rmse, r2 in numbers]


def _of_samples(samples: SampleErrors | None) -> dict[str, Any] | None:
    """Return headers and the best and worst rows of samples or regions."""
    if samples is None:
        return None
    columns: dict[str, list[str]] = {"RMSE": [digits(value) for value in samples.rmse]}
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


def _extremes(rows: list[tuple[str, ...]], rmse: np.ndarray) -> dict[str, Any]:
    """Return the rows of the largest and the smallest errors, none in both."""
    order = plots.worst_first(rmse)
    n = min(MOST_ROWS, (len(order) + 1) // 2)
    worst, best = order[:n], order[::-1][: min(n, len(order) - n)]
    return {"worst": [rows[i] for i in worst], "best": [rows[i] for i in best]}


def _methods(results: Results) -> str:
    record = results.record
    methods = record.get("methods")
    if not isinstance(methods, str):
        return ""
    if record.get("rmse") is None:
        return methods
    r2 = f", R² {record['r2']:.3f}" if record.get("r2") is not None else ""
    return (
        f"{methods} Over {record['n_samples']:,} samples of {_name(results)} and "
        f"{record['n_genes']:,} genes, the root-mean-square error of the reconstruction was "
        f"{record['rmse']:.4g}{r2} (R² about the genes' means)."
    )


def _tables(record: dict[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the caption and the rows of each table of how the result was made."""
    facts = {name: record.get(key) for key, name in _FACTS.items()}
    hashes = {key: record.get(key) for key in ("data_sha256", "model_sha256")}
    yield "Result", list(flat(facts))
    for caption, part in (
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


def plain(text: Any) -> Any:
    """Return text that figures and pages take as it is: no formulas, no control characters."""
    if not isinstance(text, str):
        return text
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text).replace(
        "$", r"\$"
    )


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


def _name(results: Results) -> str:
    """Return what was compressed."""
    name = results.record.get("data")
    if isinstance(name, str) and name:
        return name
    source = results.record.get("source")
    for part in source.values() if isinstance(source, dict) else ():
        if isinstance(part, dict) and isinstance(part.get("path"), str):
            return Path(part["path"]).name
    return "Expression"


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = breakable
    return environment.get_template("report_template.html")


def _version() -> str:
    from napari_compressed_transcriptomics import __version__

    return __version__
