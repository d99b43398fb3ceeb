"""Encode with errors over a store, on one and on two workers: how many times faster two are.

Each worker is a process with one thread that is kept to one core, all of its threads together: else
the reading of one worker would use the core of the other. The page cache is warm. The two take
turns; the fastest of each count. Beside the wall clock stand the CPU seconds of the busiest worker,
which tell how well the work is shared where other programs use the cores.
"""

import argparse
import os
import time
from collections.abc import Iterator
from pathlib import Path

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.lazy_values import row_blocks

from .line import Line

TARGET = 1.8
FITTED_ROWS = 1000
"""The fit is not measured; the time of encoding does not depend on it."""


def keep_to_core(core: int) -> None:
    """Keep this process, with the threads that it has and those that it will make, to a core."""
    for thread in os.listdir("/proc/self/task"):
        os.sched_setaffinity(int(thread), {core})


def two_workers(
    store: Path, codec_id: str = "pca", size: int = 64, rounds: int = 3
) -> Iterator[Line]:
    """Yield how long one and two workers take, and the ratio."""
    from distributed import Client, LocalCluster

    from napari_compressed_transcriptomics.codecs.fitting import fit_codec
    from napari_compressed_transcriptomics.io import read_expression
    from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct

    expression = read_expression(store)
    codec = fit_codec(codec_id, expression.drawn(FITTED_ROWS), size, device="cpu", max_epochs=1)
    for _ in row_blocks(expression.values):  # into the page cache
        pass
    cores = sorted(os.sched_getaffinity(0))[:2]
    seconds: dict[int, list[float]] = {1: [], 2: []}
    busiest: dict[int, list[float]] = {1: [], 2: []}
    for _ in range(rounds):
        for n, taken in seconds.items():
            with (
                LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0") as cluster,
                Client(cluster) as client,
            ):
                for worker, core in zip(client.nthreads(), cores, strict=False):
                    client.run(keep_to_core, core, workers=[worker])
                address = cluster.scheduler_address
                few: Expression = expression.drawn(100)
                reconstruct(codec, few, device="cpu", scheduler=address)  # import, on each
                before, began = client.run(time.process_time), time.perf_counter()
                reconstruct(codec, expression, device="cpu", scheduler=address)
                taken.append(time.perf_counter() - began)
                after = client.run(time.process_time)
                busiest[n].append(max(after[worker] - before[worker] for worker in after))
    one, two = min(seconds[1]), min(seconds[2])
    cpu = [min(busiest[n]) for n in (1, 2)]
    n_rows, n_genes = expression.values.shape
    yield Line(
        f"encode + error of {n_rows:,} x {n_genes:,} in a store, {codec_id}, k = {size}: times "
        "faster on two workers than on one, a core each",
        f"{one / two:.2f} ({one:.1f} s, {two:.1f} s); in CPU seconds of the busiest "
        f"{cpu[0] / cpu[1]:.2f} ({cpu[0]:.1f} s, {cpu[1]:.1f} s)",
        f"{TARGET}",
        one / two >= TARGET,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.workers", description=__doc__)
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--codecs", nargs="+", default=["pca", "residual"])
    parser.add_argument("--sizes", nargs="+", type=int, default=[8, 64])
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    for codec_id in given.codecs:
        for size in given.sizes:
            for line in two_workers(given.store, codec_id, size, given.rounds):
                print(f"| {line.what} | {line.value} | {line.target} |", flush=True)


if __name__ == "__main__":
    main()
