"""Work that leaves files which it can go on from: a comparison, and training."""

from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.codecs.recipes import TrainRequest, train_codec_steps
from napari_compressed_transcriptomics.codecs.training import checkpoints
from napari_compressed_transcriptomics.core.progress import finish
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
    checkpoints.SECONDS_BETWEEN_SNAPSHOTS, checkpoints.TIME_FOR_SNAPSHOTS = 0, float("inf")
    steps = train_codec_steps(request)
    if stop_after is None:
        return finish(steps)
    for progress in steps:
        if progress.stage == "Training" and progress.done == stop_after and progress.values:
            next(steps)
            break
    steps.close()
    return None
