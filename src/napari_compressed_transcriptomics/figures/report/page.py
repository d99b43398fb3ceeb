"""A compression told on one page of HTML that needs nothing else: no network, no script."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.figures.svg import inline_svg
from napari_compressed_transcriptomics.reconstruction.results import Results, results_of

from . import text as text
from .figures import report_figures

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


def report_of(
    reconstruction: "Reconstruction",
    parameters: dict[str, Any] | None = None,
    regions: Regions | None = None,
    report: Report = silent,
) -> str:
    """Return the page of a reconstruction in memory, HTML; parameters as of `results_of`.

    Of the paths of inputs it holds the names only.
    """
    return page_of(results_of(reconstruction, parameters, regions, report).portable(), report)


def page_of(results: Results, report: Report = silent) -> str:
    """Return the page of results, HTML.

    See Also
    --------
    io.read_results.read_results : results of a folder.
    """
    figures: dict[str, str] = {}
    makers = dict(report_figures(results))
    for done, (name, (make, words)) in enumerate(makers.items(), 1):
        figures[name] = inline_svg(make(), name, words)
        report(Progress("Drawing", done, len(makers)))
    record, samples = results.record, results.samples
    are_regions = samples is not None and results.regions is samples
    page = _template().render(
        title=text.title(results),
        record=record,
        verdict=list(text.verdict(results)),
        cautions=list(text.cautions(results)),
        missing=list(text.missing(results)),
        figures=figures,
        components=[f"component-{k + 1}" for k in range(results.latent_volume.shape[3])],
        genes=text.gene_tables(results),
        samples=text.sample_tables(samples),
        regions=None if are_regions else text.sample_tables(results.regions),
        samples_are="regions" if are_regions else "samples",
        methods=text.methods(results),
        tables=list(text.tables(record)),
        version=_version(),
    )
    return page.lstrip()


def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=text.printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["breakable"] = text.breakable
    return environment.get_template("template.html")


def _version() -> str:
    from napari_compressed_transcriptomics import __version__

    return __version__
