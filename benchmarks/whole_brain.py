"""A whole brain at full size, 185,682 voxels x 18,686 genes: what it takes, and the page of it.

The store is made by `whole_brain_data` of real maps and noise. Each piece of work runs in a
process of its own; its memory is the peak of that process above what it has with everything
imported. How cost grows is measured on the first voxels of the same store. Reading and encoding
are measured several times in turns, from the disk where memory cannot hold the store. Where it can,
a control group gives less::

    mkdir /sys/fs/cgroup/memory/laptop  # version 1; in version 2 the limit is memory.max
    echo 8G > /sys/fs/cgroup/memory/laptop/memory.limit_in_bytes
    echo $$ > /sys/fs/cgroup/memory/laptop/cgroup.procs  # this shell, and what it starts
    echo 3 > /proc/sys/vm/drop_caches  # they count for those who read them first
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.codecs.residual import COLUMNS_BEYOND
from napari_compressed_transcriptomics.core.provenance import versions
from napari_compressed_transcriptomics.core.threads import usable_cores

from .server import served
from .whole_brain_data import N_GENES, made
from .whole_brain_work import CODECS, DEVICES, IPCA_ROWS, PARTS, TURNS, WORK, opened

PAGE = Path(__file__).parent / "whole_brain.md"
SIZES = (8, 64)
LINEAR = 0.15
DATA = Path(os.environ.get("CT_TEST_DATA", PAGE.parent.parent.parent / "shared" / "data"))
MANY_TIMES = 4
"""What PCA takes: IncrementalPCA is not waited for any longer."""
DELAY = 0.02
"""Of the server, before each answer, in seconds."""

HEADINGS = ["codec", "k", "fit", "reading alone", "products alone", "encode + error"]
HEADINGS += ["of the floor", "CPU of the three", "of both at once", "peak memory"]

Measured = dict[str, Any]
Found = dict[tuple[str, int], list[Measured]]


def in_process(name: str, store: Path | str, size: int, limit: float | None = None) -> Measured:
    """Do a piece of work in a new process; return what it measured, with its memory in bytes."""
    command = [sys.executable, "-m", "benchmarks.whole_brain", "--work", name]
    command += ["--stores", str(store), "--size", str(size)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=limit)
    return json.loads(done.stdout.splitlines()[-1])


def _work(name: str, store: Path | str, size: int) -> None:
    import resource

    import anndata  # noqa: F401
    import sklearn.decomposition  # noqa: F401
    import torch  # noqa: F401
    import zarr  # noqa: F401

    def peak() -> int:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024

    before = peak()
    found = WORK[name](store, size)
    print(json.dumps({**found, "memory": peak() - before}))


def lines(whole: Path, sizes: tuple[int, ...], slow: bool) -> Iterator[str]:
    """Measure, and yield the page."""
    found: Found = {}
    yield from codecs(whole, sizes, "cpu", PARTS, found)
    if slow:
        size, own = sizes[0], found["pca", sizes[0]][-1]
        taken = own["fit"]["seconds"] + _median(own["work"])
        yield f"\nIncrementalPCA of scikit-learn, k = {size}, batches of {IPCA_ROWS:,} rows of the"
        yield "same blocks: fit, encode and error take"
        try:
            other = in_process("incremental", whole, size, MANY_TIMES * taken)
            times = f"{other['seconds'] / taken:.1f} times what PCA here takes"
            rmse = f"RMSE {other['rmse']:.5f}, here {own['rmse']:.5f}"
            yield f"{times} ({other['seconds']:.0f} s, {other['memory'] / 1e9:.2f} GB; {rmse})."
        except subprocess.TimeoutExpired:
            yield f"more than {MANY_TIMES} times what PCA here takes (not waited for any longer)."
    yield from growth(found)
    milliseconds = {"read from disk": 1000 * in_process("gene", whole, 0)["seconds"]}
    milliseconds["from disk, in the window"] = 1000 * in_process("window", whole, 0)["seconds"]
    with served(whole.parent, DELAY) as server:
        there = f"{server.address}/{whole.name}"
        milliseconds["from a server"] = 1000 * in_process("gene", there, 0)["seconds"]
        in_window = in_process("window", there, 0)["seconds"]
        milliseconds["from a server, in the window"] = 1000 * in_window
    yield f"\nOne gene, median (the server waits {DELAY * 1000:.0f} ms before each answer):\n"
    yield from (f"- {how}: {value:.0f} ms" for how, value in milliseconds.items())


def codecs(
    whole: Path, sizes: tuple[int, ...], device: str, parts: tuple[float, ...], found: Found
) -> Iterator[str]:
    """Yield a table: fit, encode and error of each codec, and the floor; keep what was `found`."""
    n, n_genes = opened(whole).values.shape
    yield f"{n:,} voxels x {n_genes:,} genes, float32 in {_size(whole):.1f} GB on disk. Seconds are"
    yield f"of the wall clock, medians of {TURNS} turns of reading alone and of encoding, with what"
    yield "came from the disk. The floor is the slower of reading alone and of the codec's two"
    yield "matrix products alone. CPU seconds are those of all cores: of reading alone, of products"
    yield "alone, and of encoding; both at once: these cores need so much of encoding's time for no"
    yield "more than reading and the products. In brackets, single turns, and the memory for the"
    yield f"first {parts[0] * n:,.0f} voxels, and for the products alone, CUDA's own included.\n"
    yield f"| {' | '.join(HEADINGS)} |"
    yield f"|{'---|' * len(HEADINGS)}"
    for codec_id, size in product(CODECS, sizes):
        columns = size + (COLUMNS_BEYOND if codec_id == "residual" else 0)
        alone = in_process(f"products {device}", whole, columns)
        grown = [in_process(f"{codec_id} {part} {device}", whole, size) for part in parts]
        found[codec_id, size], last = grown, grown[-1]
        read, work = (np.array([turn["seconds"] for turn in last[of]]) for of in ("read", "work"))
        single = np.maximum(read, alone["seconds"]) / work
        of_floor = max(np.median(read), alone["seconds"]) / np.median(work)
        cpu = [_median(last["read"], "cpu"), alone["cpu"], _median(last["work"], "cpu")]
        together = sum(cpu[:2]) / usable_cores() / np.median(work)
        disk = [f"{_median(last[of], 'bytes') / 1e9:.1f} GB" for of in ("read", "work")]
        yield (
            f"| {codec_id} | {size} | {last['fit']['seconds']:.0f} s "
            f"| {np.median(read):.1f} s, {disk[0]} | {alone['seconds']:.1f} s, {columns} columns "
            f"| {np.median(work):.1f} s, {disk[1]} "
            f"| {of_floor:.0%} ({single.min():.0%} to {single.max():.0%}) "
            f"| {', '.join(f'{each:.1f}' for each in cpu)} s | {together:.0%} "
            f"| {last['memory'] / 1e9:.2f} GB ({grown[0]['memory'] / 1e9:.2f}; "
            f"{alone['memory'] / 1e9:.2f}) |"
        )


def _median(turns: list[dict[str, float]], of: str = "seconds") -> float:
    return float(np.median([turn[of] for turn in turns]))


def growth(found: Found) -> Iterator[str]:
    """Yield a table: CPU seconds by the number of voxels, and the line that they lie on."""
    rows = [int(one["rows"]) for one in next(iter(found.values()))]
    yield "\nCPU seconds of fit, encode and error by the number of voxels, and the line they lie"
    yield "on. What it has for no voxels is taken whatever their number: first components,"
    yield f"training, the reference. Linear: none is off it by more than {LINEAR:.0%}.\n"
    yield f"| work | k | {' | '.join(f'{n:,}' for n in rows)} | line | off it by |"
    yield f"|---|---|{'---|' * len(rows)}---|---|"
    for (codec_id, size), grown in found.items():
        cpu = np.array([one["fit"]["cpu"] + one["work"][-1]["cpu"] for one in grown])
        both = np.column_stack([np.ones(len(rows)), rows])
        (fixed, each), *_ = np.linalg.lstsq(both / cpu[:, None], np.ones(len(rows)), rcond=None)
        off = np.abs(both @ [fixed, each] / cpu - 1).max()
        verdict = "" if off <= LINEAR else ": NOT linear"
        yield (
            f"| {codec_id} | {size} | {' | '.join(f'{one:.1f}' for one in cpu)} | "
            f"{fixed:.1f} s + {1000 * each:.2f} s a 1,000 | {off:.0%}{verdict} |"
        )


def _size(folder: Path) -> float:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) / 1e9


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.whole_brain", description=__doc__)
    parser.add_argument("--stores", required=True, help="folder of the store, 11 GB")
    parser.add_argument("--maps", type=Path, default=DATA / "mrna", help="to make it of")
    parser.add_argument("--steps", type=int, nargs=3, default=(1, 1, 1), help="every n-th voxel")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="cuda: codecs only")
    parser.add_argument("--no-slow", action="store_true", help="leave IncrementalPCA out")
    parser.add_argument("--work", choices=WORK, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        _work(given.work, given.stores, given.size)
        return
    from napari_compressed_transcriptomics.io.writers.store import convert

    steps = tuple(given.steps)
    store = Path(given.stores) / f"whole{'' if steps == (1, 1, 1) else steps}.zarr"
    store.parent.mkdir(parents=True, exist_ok=True)
    if not store.exists():
        if not given.maps.is_dir():
            sys.exit(f"{given.maps} is absent; give --maps, a folder of one volume per gene")
        began = time.perf_counter()
        convert(made(given.maps, N_GENES, steps), store)
        print(f"{store.name} made in {time.perf_counter() - began:.0f} s", flush=True)
    if given.device == "cuda":
        for line in codecs(store, tuple(given.sizes), "cuda", (PARTS[0], 1), {}):
            print(line, flush=True)
        return
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    page = [
        f"# A whole brain at full size\n\n{datetime.now(UTC):%Y-%m-%d}, {used}, "
        f"{usable_cores()} cores.\n"
    ]
    for line in lines(store, tuple(given.sizes), not given.no_slow):
        print(line, flush=True)
        page.append(line)
    if steps == (1, 1, 1):
        elsewhere = "\n## " + PAGE.read_text("utf-8").partition("\n## ")[2]  # not measured here
        PAGE.write_text("\n".join(page) + "\n" + elsewhere, "utf-8")


if __name__ == "__main__":
    main()
