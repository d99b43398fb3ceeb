"""A small training, whole or left before it is done."""

from dataclasses import replace

from napari_compressed_transcriptomics.codecs.recipes import train_codec_steps
from napari_compressed_transcriptomics.codecs.training.checkpoints import checkpoint_files
from napari_compressed_transcriptomics.core.progress import finish, stopping
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

    codec = finish(
        train_codec_steps(request), stopping(report, lambda: stop is not None and stop(seen))
    )
    return seen, messages, codec


def without_files(request):
    return replace(request, checkpoint=None, resume=False)


def leave_after(request, epoch):
    """Train some epochs and go away, as a process that ends would."""
    steps = train_codec_steps(request)
    for progress in steps:
        if progress.stage == "Training" and progress.done == epoch and progress.values:
            next(steps)  # the checkpoint is written after the report
            break
    steps.close()


def newest_and_other(request):
    files = checkpoint_files(request.checkpoint)
    return sorted(files, key=lambda file: file.stat().st_mtime_ns, reverse=True)
