"""Fit the default codec to few linear-Gaussian samples, and write how it does beside PCA.

Samples are factors times loadings and noise, from 30 to 80 rows. Nothing in them is curved, and
no linear codec is better than PCA; what more a network seems to find among so few is often there
by chance, which new samples tell. (Where factors are alike in size, a curved surface of few
components holds more of them than a plane, and the gain is real.)
"""

import argparse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.codecs.codec import Codec, codec_class
from napari_compressed_transcriptomics.core.expression import Expression, Parcellation
from napari_compressed_transcriptomics.core.provenance import versions

PAGE = Path(__file__).parent / "linear.md"
N_SETS, N_NEW = 40, 1000
SIZES = (2, 4, 8, 16)
MOST = 1.01


def linear_samples(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return samples to learn from, and new ones, float32 (n, genes) and (`N_NEW`, genes)."""
    rng = np.random.default_rng(seed)
    n, genes = int(rng.integers(30, 81)), int(rng.choice([100, 200, 400, 800]))
    n_factors, falling = int(rng.integers(3, 25)), rng.uniform(0, 1.5)
    sizes = np.arange(1, n_factors + 1.0) ** -falling
    noise = rng.choice([0.1, 0.3, 0.6]) * rng.uniform(0.3, 1) * np.linalg.norm(sizes)
    loadings = sizes[:, None] * rng.normal(size=(n_factors, genes))
    both = rng.normal(size=(n + N_NEW, n_factors)) @ loadings
    both += noise * rng.normal(size=both.shape)
    return both[:n].astype(np.float32), both[n:].astype(np.float32)


def ratio(seed: int, size: int, **settings: object) -> tuple[float, Codec]:
    """Return the RMSE on new samples over that of PCA, and the codec."""
    learned, new = linear_samples(seed)
    samples, genes = (tuple(map(str, range(count))) for count in learned.shape)
    places = Parcellation.from_mask(np.ones((len(learned), 1, 1), bool), np.eye(4))
    train = Expression(learned, genes, samples, places, f"linear {seed}")
    errors, codec = [], None
    for codec_id, how in (("pca", {}), ("residual", settings)):
        codec = codec_class(codec_id).fit(train, size, seed=seed, device="cpu", **how)
        error = codec.decode(codec.encode(new)).astype(float) - new
        errors.append(np.sqrt(np.square(error).mean()))
    assert codec is not None
    return float(errors[1] / errors[0]), codec


def lines(found: dict[int, list[float]]) -> Iterator[str]:
    """Yield the table: of each number of components, and of all sets."""
    yield "| k | sets | mean | worst | best | PCA kept |"
    yield "|---|---|---|---|---|---|"
    every = [one for of in found.values() for one in of]
    for name, of in [*found.items(), ("all", every)]:
        kept = sum(abs(one - 1) < 1e-5 for one in of)
        row = f"{np.mean(of):.4f} | {max(of):.4f} | {min(of):.4f} | {kept}"
        yield f"| {name} | {len(of)} | {row} |"
    reached = "reached" if max(every) < MOST else "NOT reached"
    yield f"\nWorst case below {MOST}: {reached}."


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.linear", description=__doc__)
    parser.add_argument("--sets", type=int, default=N_SETS)
    n_sets = parser.parse_args().sets
    torch.set_num_threads(1)
    found: dict[int, list[float]] = {size: [] for size in SIZES}
    for seed in range(n_sets):
        size = SIZES[seed % len(SIZES)]
        found[size].append(ratio(seed, size)[0])
        print(f"set {seed}, k = {size}: {found[size][-1]:.4f}", flush=True)
    used = ", ".join(f"{name} {version}" for name, version in versions().items())
    head = (
        f"RMSE of the default codec over that of PCA on {N_NEW} new samples, {n_sets} sets of "
        "linear-Gaussian samples (30 to 80 rows, 100 to 800 genes, 3 to 24 factors of like or of "
        "falling size).\n\n"
        f"Made by `make linear` on {datetime.now(UTC):%Y-%m-%d} with {used}."
    )
    table = "\n".join(lines(found))
    PAGE.write_text(f"# Few linear-Gaussian samples\n\n{head}\n\n{table}\n", encoding="utf-8")
    print(table)


if __name__ == "__main__":
    main()
