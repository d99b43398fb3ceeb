"""Ask on real data what the published system claims, and write what holds to `benchmarks/study`.

Results are kept one by one in `benchmarks/.study`, so a run that was interrupted goes on. Only
scores are written: the licence of the data forbids copies, also of maps made from them.
"""

import argparse
import csv
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch  # noqa: TID253

from napari_compressed_transcriptomics.figures.coherence_plots import coherence_dots
from napari_compressed_transcriptomics.figures.comparison_plots import error_by_size
from napari_compressed_transcriptomics.figures.prediction_plots import utility_bars
from napari_compressed_transcriptomics.spatial.cross_validation import SPLITS
from napari_compressed_transcriptomics.study import compare_score, predict
from napari_compressed_transcriptomics.study.coherence import Coherence, coherence_table
from napari_compressed_transcriptomics.study.predict_request import PredictRequest

from .study_data import DATA_SETS, groups, load, load_targets, n_subcortical, without_copies
from .study_measures import RUNS, cohered, compared, embedded, predicted
from .study_page import Found, page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

OUT = Path(__file__).parent / "study"
STEPS = (
    "compare_blocks",
    "coherence",
    "ridge_blocks",
    "ridge_random",
    "compare_random",
    "trees_blocks",
)
"""What is measured, one after the other; predictions need the latents of ``coherence``."""


def studied(name: str, steps: list[str]) -> Found:
    """Return all that is measured of a data set, after measuring in the steps given."""
    data = load(name)
    targets, notes = load_targets(name, data)
    targets, copies = without_copies(targets)
    errors = compared(data, [split for split in SPLITS if f"compare_{split}" in steps])
    latents = embedded(data, "coherence" in steps)
    coherence = cohered(data, groups(data.samples), latents, "coherence" in steps)
    scores = [
        score for run in RUNS for score in predicted(data, targets, latents, run, run in steps)
    ]
    notes = [*copies, *notes]
    about = DATA_SETS[name].regions
    beyond = n_subcortical(targets, data.samples)
    return Found(data, about, errors, coherence, scores, len(targets), beyond, notes)


def write(found: Found) -> None:
    """Write the tables and figures of a data set."""
    folder = OUT / found.data.name
    folder.mkdir(parents=True, exist_ok=True)
    if found.errors:
        _table(folder / "comparison.csv", compare_score.COLUMNS, found.errors)
        _picture(folder / "comparison.png", error_by_size(found.errors))
    if found.coherence:
        rows = (
            (method, size, [Coherence(**row) for row in made["rows"]])
            for (method, size), made in found.coherence.items()
        )
        table = coherence_table(rows)
        _table(folder / "coherence.csv", table.columns, table.itertuples(index=False))
        _picture(folder / "coherence.png", coherence_dots(table))
    if found.scores:
        _table(folder / "prediction.csv", predict.COLUMNS, found.scores)
        drawn = predict.Prediction(PredictRequest(found.data, ()), tuple(found.scores), {})
        _picture(folder / "prediction.png", utility_bars(drawn))


def _table(path: Path, columns: Iterable[str], rows: Iterable[tuple]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(map(_cell, row) for row in rows)


def _cell(value: Any) -> Any:
    """Return four digits of a number, nothing of NaN."""
    if isinstance(value, float):
        return f"{value:.4g}" if value == value else ""
    return value


def _picture(path: Path, figure: "Figure") -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    figure.patch.set(facecolor="white", alpha=1)
    FigureCanvasAgg(figure)
    figure.savefig(path, dpi=130, pil_kwargs={"optimize": True})


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.study", description=__doc__)
    every = list(DATA_SETS)
    parser.add_argument("--data", nargs="+", choices=every, default=every, help="measure these")
    parser.add_argument("--steps", nargs="*", choices=STEPS, default=list(STEPS), help="only these")
    parser.add_argument("--as-is", action="store_true", help="write what was measured so far")
    given = parser.parse_args()
    torch.set_num_threads(1)
    # There is a page after each step, in which all data sets are measured.
    for step in [None] if given.as_is else given.steps:
        found = [studied(name, [step] if step and name in given.data else []) for name in every]
        for one in found:
            write(one)
        (OUT / "README.md").write_text(page(found), encoding="utf-8")
        print(f"{OUT / 'README.md'} is written", flush=True)


if __name__ == "__main__":
    main()
