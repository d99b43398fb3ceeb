"""A dense 4-D NIfTI, read by us and by nibabel, each time in a process of its own.

    python -m benchmarks.dense_nifti [GENES]

Nibabel gives the stored array; we check it, name its samples, hash the file and turn the values to
voxels x genes. 14,150 genes make 7 GB, on disk and in memory.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

import numpy as np

from .line import Line

SHAPE = (47, 56, 47)  # 4 mm
N_GENES = 2000  # 1 GB
ROUNDS = 5
SIDES = ("ours", "nibabel")


def dense_nifti(n_genes: int = N_GENES, rounds: int = ROUNDS) -> list[Line]:
    """Read a file of float32 in which every voxel is inside, both sides in turns."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dense.nii"
        _make(path, n_genes)
        runs: dict[str, list[dict[str, float]]] = {side: [] for side in SIDES}
        for _ in range(rounds):
            for side in SIDES:
                runs[side].append(_run(side, path))
    size = f"dense 4-D NIfTI, {' x '.join(map(str, SHAPE))} x {n_genes:,} float32"

    def middle(what: str, side: str) -> float:
        return median(run[what] for run in runs[side])

    ratios = sorted(
        ours["seconds"] / theirs["seconds"]
        for ours, theirs in zip(runs["ours"], runs["nibabel"], strict=True)
    )
    peak = max(run["peak"] for run in runs["ours"])
    each = "; ".join(
        f"{side} {middle('seconds', side):.2f} s ({middle('cpu', side):.2f} s of processors)"
        for side in SIDES
    )
    return [
        Line(
            f"{size}: time over nibabel's",
            f"{median(ratios):.2f} (median of {rounds} turns, {ratios[0]:.2f} to "
            f"{ratios[-1]:.2f}); {each}",
            "1.3",
            median(ratios) <= 1.3,
        ),
        Line(f"{size}: peak memory over the result", f"{peak:.2f}", "1.3", peak <= 1.3),
    ]


def _make(path: Path, n_genes: int) -> None:
    import nibabel as nib

    header = nib.Nifti1Header()
    header.set_data_shape((*SHAPE, n_genes))
    header.set_data_dtype("<f4")
    header.set_sform(np.diag([4.0, 4, 4, 1]), 2)
    header["vox_offset"], header["magic"] = 352, b"n+1"
    base = np.random.default_rng(0).random(np.prod(SHAPE), dtype="f4")
    with open(path, "wb") as file:
        file.write(header.binaryblock + bytes(4))
        for gene in range(n_genes):
            file.write((base * (1 + gene % 7) + np.float32(gene / 1000)).astype("<f4").tobytes())


def _run(side: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.dense_nifti", side, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def _child(side: str, path: str) -> None:
    """Read once; print seconds, seconds of processors, and peak memory over the result's."""
    import resource
    import time

    import nibabel as nib

    from napari_compressed_transcriptomics.io import read_expression
    from napari_compressed_transcriptomics.io.readers import nifti_expression  # noqa: F401

    # The peak starts from here. Linux counts in kB, macOS in bytes.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    begun, worked = time.perf_counter(), time.process_time()
    if side == "ours":
        n_bytes = read_expression(path).values.nbytes
    else:
        n_bytes = np.asarray(nib.load(path, mmap=False).dataobj).nbytes
    seconds, cpu = time.perf_counter() - begun, time.process_time() - worked
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    unit = 1 if sys.platform == "darwin" else 1024
    print(json.dumps({"seconds": seconds, "cpu": cpu, "peak": peak * unit / n_bytes}))


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in SIDES:
        _child(*sys.argv[1:3])
    else:
        for line in dense_nifti(*map(int, sys.argv[1:2])):
            print(f"| {line.what} | {line.value} | {line.target} |")
