"""What is measured, each as a function that returns lines of the table.

The machine may be shared: sides that are compared take turns, and a ratio is of the medians
and of the fastest runs of both.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from copy import deepcopy
from functools import partial
from statistics import median

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.core.matrix_products import addmm
from napari_compressed_transcriptomics.reconstruction.reconstruction import (
    Reconstruction,
    reconstruct,
)

from . import made, published
from .line import Line


def in_turns(sides: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Run each side once to warm up, then in turns; return the seconds of every run."""
    for side in sides.values():
        side()
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, side in sides.items():
            begun = time.perf_counter()
            side()
            seconds[name].append(time.perf_counter() - begun)
    return seconds


def matrix_products(codec, values: np.ndarray, rows: int = 512) -> Callable[[], None]:
    """Return the floor: the first and the last layer's products alone, into kept buffers."""
    network = codec.network()
    first, last = network.encoder[0].linear, network.output
    x = torch.from_numpy(values)
    hidden = torch.empty(rows, first.out_features)
    out = torch.empty(rows, last.out_features)

    @torch.inference_mode()
    def run() -> None:
        for block in x.split(rows):
            n = len(block)
            addmm(first.bias, block, first.weight.T, out=hidden[:n])
            addmm(last.bias, hidden[:n], last.weight.T, out=out[:n])

    return run


def speed(rounds: int, slow_rounds: int) -> list[Line]:
    """Encode, decode and measure 3,670 x 15,633 at k = 64, against two others."""
    expression, codec = made.make_expression(made.N_VOXELS_8MM), made.make_codec()

    def ours() -> Reconstruction:
        return reconstruct(codec, expression, device="cpu")

    floor = matrix_products(codec, expression.values)
    seconds = in_turns({"ours": ours, "floor": floor}, rounds)
    at_best = min(seconds["floor"]) / min(seconds["ours"])
    middle = median(seconds["floor"]) / median(seconds["ours"])
    lines = [
        Line(
            "encode + decode + error, 3,670 x 15,633, k = 64",
            f"{median(seconds['ours']):.2f} s",
            "",
        ),
        Line(
            "rate of the two big matrix products alone",
            f"{at_best:.0%} (fastest runs), {middle:.0%} (medians)",
            "90%",
            max(at_best, middle) >= 0.9,
        ),
    ]
    name = "times faster than the published path"
    if not published.available():
        skipped = "not measured: MONAI is absent (pip install -r benchmarks/requirements.txt)"
        return [*lines, Line(name, skipped, "12")]
    rows, network = expression.values.astype(np.float64), deepcopy(codec.module)
    rmse = published.published_inference(network.eval(), rows)
    if not np.isclose(rmse, ours().rmse, rtol=1e-4):
        raise RuntimeError(f"the two paths disagree: RMSE {rmse} and {ours().rmse}")
    network.train().requires_grad_(True)  # as published
    networks = {"float32": network, "float64": deepcopy(network).double()}
    sides = {
        words: partial(published.published_inference, network, rows)
        for words, network in networks.items()
    }
    seconds = in_turns({"ours": ours, **sides}, slow_rounds)
    for words in sides:
        ratios = [t / o for t, o in zip(seconds[words], seconds["ours"], strict=True)]
        best = min(seconds[words]) / min(seconds["ours"])
        value = f"{best:.1f} (fastest runs), {median(ratios):.1f} (median of turns)"
        reached = max(best, median(ratios)) >= 12
        lines.append(Line(f"{name}, its network in {words}", value, "12", reached))
    return lines


def memory() -> list[Line]:
    """Peak above the input at two numbers of rows, each in a process of its own."""
    peaks = {}
    for n_samples in (made.N_VOXELS_8MM, 3 * made.N_VOXELS_8MM):
        command = [sys.executable, "-m", "benchmarks", "--peak-of", str(n_samples)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        peaks[n_samples] = json.loads(done.stdout)
    if None in peaks.values():
        return [Line("peak memory above the input", "not measured: needs Linux", "250 MB")]
    small, large = peaks.values()
    value = ", ".join(f"{peak / 1e6:.0f} MB at {n:,} rows" for n, peak in peaks.items())
    reached = max(small, large) < 250e6 and large - small < 20e6
    return [Line("peak memory above the input", value, "250 MB, not growing", reached)]


def peak_above_input(n_samples: int) -> int | None:
    """Return by how many bytes a reconstruction raises this process's peak memory."""
    expression, codec = made.make_expression(n_samples), made.make_codec()
    try:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak starts again from what is resident now
    except OSError:
        return None
    before = _resident("VmRSS")
    reconstruct(codec, expression, device="cpu")
    return _resident("VmHWM") - before


def _resident(field: str) -> int:
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith(field))
    return 1024 * int(line.split()[1])


def one_gene(rounds: int) -> list[Line]:
    """Reconstruct single genes at 29,300 voxels, from latents and from what was cached."""
    expression = made.make_expression(made.N_VOXELS_4MM, empty=True)
    latents = np.random.default_rng(0).normal(size=(made.N_VOXELS_4MM, made.LATENT_SIZE))
    result = Reconstruction(
        made.make_codec(),
        expression,
        latents.astype(np.float32),
        *[np.zeros(0)] * 6,
        0,
        0,
        "cpu",
        0,
    )
    result.codec.network()
    begun = time.perf_counter()
    result.gene(made.GENES[0])
    first = time.perf_counter() - begun
    genes = iter(made.GENES)
    seconds = in_turns({"gene": lambda: result.gene(next(genes))}, rounds)["gene"]
    value = f"{1e3 * median(seconds):.1f} ms (the first one: {1e3 * first:.0f} ms)"
    return [
        Line("one gene's reconstruction at 29,300 voxels", value, "20 ms", median(seconds) < 0.02)
    ]


def cuda(rounds: int) -> list[Line]:
    """Rows a second from host memory, against copying pinned memory to the device alone."""
    name, target = "CUDA: part of the pinned host-to-device copy rate", "80%"
    if not torch.cuda.is_available():
        return [Line(name, "not measured: no CUDA device", target)]
    expression, codec = made.make_expression(made.N_VOXELS_4MM), made.make_codec()
    rows = 4096
    pinned = torch.empty(rows, made.N_GENES, pin_memory=True)
    there = torch.empty_like(pinned, device="cuda")

    def copy() -> None:
        for start in range(0, made.N_VOXELS_4MM, rows):
            n = min(rows, made.N_VOXELS_4MM - start)
            there[:n].copy_(pinned[:n], non_blocking=True)
        torch.cuda.synchronize()

    def ours() -> None:
        reconstruct(codec, expression, device="cuda")
        torch.cuda.synchronize()

    seconds = in_turns({"copy": copy, "ours": ours}, rounds)
    part = min(seconds["copy"]) / min(seconds["ours"])
    rate = made.N_VOXELS_4MM / min(seconds["ours"])
    return [Line(name, f"{part:.0%} ({rate:,.0f} rows a second)", target, part >= 0.8)]
