"""A compression, a training, a conversion, done again."""

from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.codecs.recipes import TrainRequest
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest

from .command import Command, Repeat
from .python import Name, call, made, script
from .reading import IMPORTS, command_reading, read_again

EXPRESSION = Name("expression")
_NOT_SAVED = "The model was trained here and is in no file; save it, and choose it as a model file"
_OF_PYTHON = ("max_epochs",)
"""Settings of a compression for which the command has no option."""


def encode_command(
    source: dict[str, Any], parameters: dict[str, Any], out: Path, scheduler: str | None = None
) -> Command:
    """Return the command that compresses again.

    Parameters
    ----------
    source : dict
        `Expression.source`.
    parameters : dict
        As `CompressRequest.parameters` gives them.
    out : Path
        Folder for the results.
    scheduler : str, optional
        See `CompressRequest`.

    Raises
    ------
    UserError
        There is no such command.
    """
    inputs, reading = command_reading(source)
    codec = parameters.get("codec")
    if codec is None:
        raise UserError("It is not known with which settings this was compressed; compress again")
    if codec == "fitted":
        raise UserError(_NOT_SAVED)
    for name in _OF_PYTHON:
        if parameters.get(name) is not None:
            raise UserError(f"The command has no option for {name}; copy it as Python")
    model = Path(str(parameters["model"])) if codec == "model" else codec
    held_out = parameters.get("held_out") or {}
    settings = {
        **reading,
        "model": model,
        "latent": parameters.get("latent_size"),
        "seed": parameters.get("seed") or None,
        **device_option(parameters.get("device")),
        "fill-missing": parameters.get("fill_missing"),
        "notebook-mode": parameters.get("notebook_mode"),
        "held-out": bool(held_out),
        "split": held_out.get("split"),
        "folds": held_out.get("n_folds"),
        "buffer": held_out.get("buffer"),
        "scheduler": scheduler,
        "out": out,
    }
    return Command("encode", inputs, settings)


def compress_again(request: CompressRequest, out: Path) -> Repeat:
    """Return what compresses again, and saves the results in a folder."""
    if request.codec == "fitted":
        raise UserError(_NOT_SAVED)
    source = request.expression.source
    lines = script(
        IMPORTS
        | dict.fromkeys(("CompressRequest", "compress", "save_results"), "")
        | {"HeldOut": "reconstruction.held_out_error"},
        read_again(source),
        f"request = {made(request, expression=EXPRESSION, fitted=None)}",
        "result = compress(request)",
        str(call("save_results", Name("result"), str(out), Name("request.parameters()"))),
    )
    try:
        command = encode_command(source, request.parameters(), out, request.scheduler)
    except UserError as error:
        return Repeat(lines, why_no_command=str(error))
    return Repeat(lines, (command,))


def train_again(request: TrainRequest, out: Path) -> Repeat:
    """Return what trains again, and saves the model."""
    source = request.expression.source
    lines = script(
        IMPORTS | dict.fromkeys(("TrainRequest", "train_codec", "save_model"), ""),
        read_again(source),
        f"request = {made(request, expression=EXPRESSION, checkpoint=None, resume=False)}",
        "codec = train_codec(request)",
        str(call("save_model", Name("codec"), str(out))),
    )
    hidden = request.hidden_sizes

    def command() -> Command:
        inputs, reading = command_reading(source)
        settings = {
            **reading,
            "latent": request.latent_size,
            "recipe": None if request.recipe == TrainRequest.recipe else request.recipe,
            "codec": request.codec,
            "hidden": ",".join(map(str, hidden)) if hidden else None,
            "epochs": request.max_epochs,
            "batch": request.batch_size,
            "learning-rate": request.learning_rate,
            "patience": request.patience,
            "validation": request.validation,
            "seed": request.seed or None,
            **device_option(request.device),
            "out": out,
        }
        return Command("train", inputs, settings)

    return with_command(lines, command)


def convert_again(
    source: dict[str, Any], out: Path, dtype: str, scheduler: str | None = None
) -> Repeat:
    """Return what writes the store again."""
    kind = None if dtype == "float32" else dtype
    lines = script(
        IMPORTS | {"convert": "io.writers.store"},
        read_again(source, lazy=True),
        str(call("convert", EXPRESSION, str(out), dtype=kind, scheduler=scheduler)),
    )

    def command() -> Command:
        inputs, reading = command_reading(source)
        return Command(
            "convert", inputs, {**reading, "dtype": kind, "scheduler": scheduler, "out": out}
        )

    return with_command(lines, command)


def device_option(device: str | None) -> dict[str, Any]:
    """Return the option of the device, which the command takes for ``auto`` by itself."""
    return {"device": None if device == "auto" else device}


def with_command(lines: str, make: Any) -> Repeat:
    """Return Python with the command that `make` returns, or with why it raises a `UserError`."""
    try:
        return Repeat(lines, (make(),))
    except UserError as error:
        return Repeat(lines, why_no_command=str(error))
