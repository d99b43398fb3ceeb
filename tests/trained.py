"""A small training, whole or left before it is done."""

from dataclasses import replace

import pytest

from napari_compressed_transcriptomics.codecs.recipes import train_codec
from napari_compressed_transcriptomics.codecs.training.checkpoints import checkpoint_files
from napari_compressed_transcriptomics.core.progress import Cancelled, stopping
from small import small_expression

DATA = small_expression(n_samples=60, n_genes=40)


def losses(request, stop=None):
    """Train; return errors by epoch, messages and the codec."""
    seen, messages = {}, []

    def report(progress):
        if progress.values:
            seen.setdefault(progress.done, progress.values)
        if progress.message:
            messages.append(progress.message)

    codec = train_codec(request, stopping(report, lambda: stop is not None and stop(seen)))
    return seen, messages, codec


def without_files(request):
    return replace(request, checkpoint=None, resume=False)


def leave_after(request, epoch):
    """Train some epochs and go away, as a process that ends would."""
    reached = False

    def leave(progress):
        nonlocal reached
        if reached:  # one report later: the checkpoint is written after the report
            raise Cancelled
        reached = progress.stage == "Training" and progress.done == epoch and progress.values

    with pytest.raises(Cancelled):
        train_codec(request, leave)


def newest_and_other(request):
    files = checkpoint_files(request.checkpoint)
    return sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)
