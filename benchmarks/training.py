"""Training: one pass over the data, and the time to an error, against the published loop.

The published loop is written anew from its description: every epoch runs five folds (shuffled
KFold, seed 32) one after the other through the same model, each with MONAI loaders (batches of
128, the last incomplete one dropped, 8 worker processes) over one dict a row, in float64. The
description leaves open whether the network, too, computes in float64: both are measured.
"""

import os
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.codecs.networks.autoencoder_network import (
    HIDDEN_SIZES,
    AutoencoderNetwork,
)
from napari_compressed_transcriptomics.codecs.recipes import TrainRequest, train_codec
from napari_compressed_transcriptomics.codecs.training.loop import train
from napari_compressed_transcriptomics.codecs.training.settings import TrainingSettings
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Cancelled, Progress, stopping

from . import made, published
from .measures import Line

BATCH_SIZE, FOLDS, SEED = 128, 5, 32
TARGETS = {466: 5, made.N_VOXELS_8MM: 2}
REAL = "expr/ahba_schaefer100_r0.6.csv"


def speed(rounds: int) -> list[Line]:
    """Time passes over the data, each row trained on or held out once: a fold, and our epoch."""
    lines = []
    for n_samples, target in TARGETS.items():
        name = f"times faster a pass in training than the published loop, {n_samples:,} x 15,633"
        if not published.available():
            skipped = "not measured: MONAI is absent (pip install -r benchmarks/requirements.txt)"
            lines.append(Line(name, skipped, str(target)))
            continue
        values = made.make_expression(n_samples).values
        passes = {
            "float64": published_folds(_network().double(), values),
            "float32": published_folds(_network(), values),
        }
        theirs = {words: partial(next, folds) for words, folds in passes.items()}
        seconds = in_turns_with_ours(values, theirs, rounds)
        for words, bound in (("float64", target), ("float32", None)):
            pairs = zip(seconds[words], seconds["ours"], strict=True)
            ratio = median(one / ours for one, ours in pairs)
            best = min(seconds[words]) / min(seconds["ours"])
            value = (
                f"{best:.1f} (fastest passes), {ratio:.1f} (median of turns); ours "
                f"{median(seconds['ours']):.2f} s, theirs {median(seconds[words]):.2f} s"
            )
            reached = None if bound is None else max(best, ratio) >= bound
            words = f"{name}, its network in {words}"
            lines.append(Line(words, value, str(bound or ""), reached))
    return lines


def _network() -> AutoencoderNetwork:
    generator = torch.Generator().manual_seed(0)
    return AutoencoderNetwork.seeded(made.N_GENES, made.LATENT_SIZE, HIDDEN_SIZES, generator)


def in_turns_with_ours(
    values: np.ndarray, others: dict[str, Callable[[], object]], rounds: int
) -> dict[str, list[float]]:
    """Train with the published settings, and run all others after each epoch.

    Returns the seconds of every run, but for the first, which warms up.
    """
    settings = TrainingSettings(
        max_epochs=10**6, patience=10**6, batch_size=BATCH_SIZE, schedule="constant", loss="sum"
    )
    generator = torch.Generator().manual_seed(0)
    seconds: dict[str, list[float]] = {name: [] for name in ("ours", *others)}
    begun = time.perf_counter()

    def turn(progress: Progress) -> None:
        nonlocal begun
        if progress.done == len(seconds["ours"]):  # the epoch is not done
            return
        seconds["ours"].append(time.perf_counter() - begun)
        for name, other in others.items():
            begun = time.perf_counter()
            other()
            seconds[name].append(time.perf_counter() - begun)
        if progress.done > rounds:
            raise Cancelled
        begun = time.perf_counter()

    with suppress(Cancelled):
        train(_network(), values, settings, generator=generator, report=turn)
    return {name: taken[1:] for name, taken in seconds.items()}


def published_folds(network: AutoencoderNetwork, values: np.ndarray) -> Iterator[None]:
    """Train as published; yield after each fold."""
    from sklearn.model_selection import KFold

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # more workers than cores; MONAI's own
        from monai.data import DataLoader, Dataset

    optimizer = torch.optim.Adam(network.parameters(), lr=1e-3)
    dtype = network.encoder.output.weight.dtype
    matrices = [p for p in network.parameters() if p.ndim == 2]
    rows = [{"expression": row} for row in values.astype(np.float64)]

    def batches(chosen: np.ndarray, training: bool) -> Iterator[torch.Tensor]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loader = DataLoader(
                Dataset([rows[i] for i in chosen]),
                batch_size=BATCH_SIZE,
                num_workers=8,
                shuffle=training,
                drop_last=training and len(chosen) > BATCH_SIZE,
            )
            for batch in loader:
                yield batch["expression"].to(dtype)

    while True:
        for chosen, left in KFold(FOLDS, shuffle=True, random_state=SEED).split(rows):
            network.train()
            for batch in batches(chosen, training=True):
                error = (network(batch) - batch).square().sum()
                loss = error + 1e-4 * sum(weight.square().mean() for weight in matrices)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            network.eval()
            with torch.no_grad():
                for batch in batches(left, training=False):
                    (network(batch) - batch).square().sum().item()
            yield


def time_to_error() -> list[Line]:
    """Time `residual` until it is as good as `autoencoder` at its best epoch, on real data.

    Both train on the same four fifths of the rows; an error is on the rest. `residual` is run
    again and again, stopped after ever more epochs, until the model it gives is good enough.
    One thread: so small layers gain nothing from more.
    """
    name = "times sooner at the error of the published recipe, with default"
    folder = os.environ.get("CT_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")
    path = Path(folder) / REAL
    if not path.exists():
        return [Line(name, f"not measured: {REAL} is absent (set CT_TEST_DATA)", "5")]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return [_time_to_error(name, _table(path), size) for size in (8, 16)]
    finally:
        torch.set_num_threads(threads)


def _time_to_error(name: str, expression: Expression, latent_size: int) -> Line:
    order = np.random.default_rng(0).permutation(expression.n_samples)
    held_out, rows = np.array_split(order, [expression.n_samples // 5])
    training, test = _some(expression, rows), expression.values[held_out]

    def error(codec: Codec) -> float:
        return float(np.sqrt(np.mean((codec.decode(codec.encode(test)) - test) ** 2)))

    def request(recipe: str) -> TrainRequest:
        return TrainRequest(training, latent_size, recipe=recipe, device="cpu")

    whole = error(train_codec(request("residual")))  # loads what it needs, too
    watch = Watch()
    goal = error(train_codec(request("autoencoder"), watch))
    theirs = watch.seconds_to_best
    epochs, ours, reached = 1, 0.0, np.inf
    while reached > goal and ours < theirs:
        watch = Watch()
        report = stopping(watch, lambda w=watch, e=epochs: w.epoch >= e)
        reached = error(train_codec(request("residual"), report))
        ours, epochs = watch.seconds(), 1 + epochs * 3 // 2
    value = (
        f"{theirs / ours:.1f} ({ours:.2f} s to held-out RMSE {reached:.4f}, in the end "
        f"{whole:.4f}; published {theirs:.2f} s, {goal:.4f}), {expression.name}, k = {latent_size}"
    )
    return Line(name, value, "5", reached <= goal and theirs >= 5 * ours)


class Watch:
    """Notes the lowest validation error, and how long training took to it."""

    def __init__(self) -> None:
        self.begun, self.best, self.seconds_to_best = time.perf_counter(), np.inf, 0.0
        self.epoch = 0

    def seconds(self) -> float:
        """Return the seconds since the start."""
        return time.perf_counter() - self.begun

    def __call__(self, progress: Progress) -> None:
        """Look at what training reports."""
        self.epoch = progress.done
        if progress.values and progress.values["validation"] < self.best:
            self.best, self.seconds_to_best = progress.values["validation"], self.seconds()


def _table(path: Path) -> Expression:
    """Read a region table without its places, which training at random does not need."""
    import pandas as pd

    table = pd.read_csv(path, index_col=0).dropna(how="all")
    values = table.to_numpy(np.float32)
    return made.placed(values, tuple(map(str, table.columns)), path.stem)


def _some(expression: Expression, rows: np.ndarray) -> Expression:
    return made.placed(expression.values[rows], expression.genes, expression.name)
