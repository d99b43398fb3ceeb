"""The command `train`: its options, and what Ctrl-C means while it trains."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.errors import UserError

from .reading import read
from .terminal import clear_line, stoppable, tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec
    from napari_compressed_transcriptomics.core.expression import Expression

SUMMARY = "Train a codec and save it."
DETAILS = (
    "Checkpoints are kept next to the model until it is saved: training that was killed continues "
    "with --resume as if it had never stopped. Ctrl-C stops training and saves the best model so "
    "far (exit code 130); pressed again it leaves at once."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add("--latent", type=_from(1), required=True, metavar="K", help="number of components")
    add("--out", type=Path, required=True, metavar="MODEL.safetensors", help="model file to write")
    add(
        "--recipe",
        default="residual",
        help="residual (lowest error on data held out) or autoencoder (as published)",
    )
    add(
        "--codec",
        choices=("residual", "autoencoder", "pca"),
        help="codec to train instead of the recipe's",
    )
    add("--hidden", type=_sizes, metavar="N,N,..", help="hidden layers, from genes to latents")
    add(
        "--epochs",
        "--max-epochs",
        dest="max_epochs",
        type=_from(1),
        metavar="N",
        help="largest number of epochs",
    )
    add("--batch", dest="batch_size", type=_from(2), metavar="N", help="samples per step")
    add("--learning-rate", type=float, metavar="R", help="initial learning rate of Adam")
    add("--patience", type=_from(1), metavar="N", help="epochs without a lower validation error")
    add(
        "--validation",
        choices=("random", "blocks"),
        help="hold out samples at random, or whole blocks of the brain",
    )
    add("--resume", action="store_true", help="continue from the checkpoints of MODEL")
    add(
        "--checkpoint",
        type=Path,
        metavar="DIR",
        help="folder for checkpoints; default: that of MODEL",
    )


def run(arguments: argparse.Namespace) -> None:
    """Train and save."""
    from napari_compressed_transcriptomics.codecs.models.model_file import save_model
    from napari_compressed_transcriptomics.codecs.recipes import TrainRequest, train_codec
    from napari_compressed_transcriptomics.codecs.training.checkpoints import (
        checkpoint_files,
        remove_checkpoints,
    )
    from napari_compressed_transcriptomics.io.files.overwriting import check_targets

    out = arguments.out
    if out.suffix != ".safetensors":
        raise UserError(f"--out {out} must end in .safetensors; give the model that ending")
    expression = read(arguments, tell=True)
    check_targets(out.parent, [out.name], expression.source)
    checkpoint = (arguments.checkpoint or out.parent) / out.name
    request = TrainRequest(
        expression=expression,
        latent_size=arguments.latent,
        recipe=arguments.recipe,
        codec=arguments.codec,
        hidden_sizes=arguments.hidden,
        max_epochs=arguments.max_epochs,
        batch_size=arguments.batch_size,
        patience=arguments.patience,
        learning_rate=arguments.learning_rate,
        validation=arguments.validation,
        seed=arguments.seed,
        device=arguments.device,
        checkpoint=checkpoint,
        resume=arguments.resume,
    )
    with stoppable() as report:
        codec = train_codec(request, report)
        clear_line()
        save_model(codec, out)
    print(f"{_words(codec, expression)}\n{out}")
    if not report.asked():
        remove_checkpoints(checkpoint)
        return
    if checkpoint_files(checkpoint):
        tell_notes(["--resume continues this training from its last checkpoint"])
    raise KeyboardInterrupt


def _words(codec: "Codec", expression: "Expression") -> str:
    """Return what was trained, and how well it does."""
    record = codec.training
    words = (
        f"{codec.id} with {codec.latent_size} components, fitted to {expression.n_samples:,} "
        f"samples x {expression.n_genes:,} genes"
    )
    if "best_epoch" not in record:
        return words
    return (
        f"{words}\nheld-out RMSE {record['validation_rmse']:.4f}, training RMSE "
        f"{record['train_rmse']:.4f}, epoch {record['best_epoch']} of {record['epochs']}"
    )


def _from(least: int) -> Any:
    """Return a function that reads a whole number from `least`."""

    def read(text: str) -> int:
        value = int(text) if text.isascii() and text.isdecimal() else -1
        if value < least:
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least}")
        return value

    return read


def _sizes(text: str) -> tuple[int, ...]:
    return tuple(_from(1)(part.strip()) for part in text.split(","))
