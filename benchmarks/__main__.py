"""Run the benchmarks and print their table."""

import argparse
import platform

import torch  # noqa: TID253

from . import training
from .clicks import clicks
from .components import top_genes
from .default_codec import default_codec
from .first_run import first_run
from .inspect import gene_switch
from .long import LONG
from .measures import cuda, memory, one_gene, peak_above_input, speed
from .page import page
from .reopen import reopen
from .report import report
from .scatter import scatter
from .views import views


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11, help="runs of each fast side")
    parser.add_argument("--slow-rounds", type=int, default=3, help="runs of the published path")
    parser.add_argument(
        "--long",
        nargs="+",
        choices=list(LONG),
        default=[],
        help="measure these, which take minutes",
    )
    parser.add_argument("--peak-of", type=int, metavar="ROWS", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.peak_of:
        print(peak_above_input(given.peak_of) or "null")
        return
    print(
        f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, float32, "
        f"{platform.machine()}\n"
    )
    print("| measured | value | target | |\n|---|---|---|---|")
    measures = [LONG[name] for name in given.long] or [
        lambda: speed(given.rounds, given.slow_rounds),
        lambda: first_run(given.slow_rounds),
        memory,
        lambda: one_gene(50),
        gene_switch,
        views,
        clicks,
        scatter,
        top_genes,
        default_codec,
        report,
        page,
        reopen,
        lambda: cuda(given.rounds),
        lambda: training.speed(2 * given.slow_rounds),
        training.time_to_error,
    ]
    for measure in measures:
        for line in measure():
            verdict = {True: "reached", False: "NOT reached", None: ""}[line.reached]
            print(f"| {line.what} | {line.value} | {line.target} | {verdict} |", flush=True)
    if not given.long:
        print(f"\nLeft out, as they take minutes: python -m benchmarks --long {' '.join(LONG)}")


if __name__ == "__main__":
    main()
