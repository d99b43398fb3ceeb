"""Work that leaves files which it can go on from: a comparison, and training."""

from contextlib import suppress
from pathlib import Path
from typing import Any
from unittest.mock import patch

from napari_compressed_transcriptomics.codecs.recipes import TrainRequest, train_codec
from napari_compressed_transcriptomics.codecs.training import checkpoints
from napari_compressed_transcriptomics.core.progress import Cancelled, Progress
from napari_compressed_transcriptomics.io.writers.comparison import compare_into_folder
from napari_compressed_transcriptomics.study.compare_request import CompareRequest

from .brain import regions, voxels


def compare(folder: Path) -> Any:
    """Compare, or go on with the comparison in a folder."""
    request = CompareRequest(
        regions(), methods=("pca",), latent_sizes=(1,), splits=("random",), n_folds=2, n_jobs=1
    )
    return compare_into_folder(request, folder)


def train(folder: Path, go_on: bool, stop_after: int | None = None) -> Any:
    """Train for some epochs with checkpoints after each, or go on from them."""
    request = TrainRequest(
        voxels(),
        2,
        codec="autoencoder",
        hidden_sizes=(8, 4),
        max_epochs=6,
        patience=50,
        device="cpu",
        checkpoint=folder / "m.safetensors",
        resume=go_on,
    )
    always = {"SECONDS_BETWEEN_SNAPSHOTS": 0, "TIME_FOR_SNAPSHOTS": float("inf")}
    reached = False

    def leave(progress: Progress) -> None:
        nonlocal reached
        if reached:  # one report later: the checkpoint is written after the report
            raise Cancelled
        trained = progress.stage == "Training" and progress.values is not None
        reached = trained and progress.done == stop_after

    with patch.multiple(checkpoints, **always), suppress(Cancelled):
        return train_codec(request, leave)
    return None
