"""A compression, a training, a conversion, done again."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.codecs.recipes import TrainRequest
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest
from napari_compressed_transcriptomics.reconstruction.held_out_error import HeldOut

from .command import Command, Repeat
from .python import Name, call, made, script
from .reading import IMPORTS, command_reading, read_again

EXPRESSION = Name("expression")
_MB = 2**20
_NOT_KNOWN = "It is not known with which settings this was compressed; compress again"
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
        raise UserError(_NOT_KNOWN)
    if codec == "fitted":
        raise UserError(_NOT_SAVED)
    for name in _OF_PYTHON:
        if parameters.get(name) is not None:
            raise UserError(f"The command has no option for {name}; copy it as Python")
    model = Path(str(parameters["model"])) if codec == "model" else codec
    held_out = parameters.get("held_out") or {}
    block = parameters.get("block_bytes") or 0
    if block % _MB:
        raise UserError("The command takes block memory in whole MB; copy it as Python")
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
        "block-memory": block // _MB or None,
        "scheduler": scheduler,
        "out": out,
    }
    return Command("encode", inputs, settings)


def compress_again(request: CompressRequest, out: Path) -> Repeat:
    """Return what compresses again, and saves the results in a folder."""
    source = request.expression.source
    lines = script(_IMPORTS, *_compressing(request, out))
    return with_command(
        lines, lambda: encode_command(source, request.parameters(), out, request.scheduler)
    )


def component_genes_again(request: CompressRequest, out: Path) -> Repeat:
    """Return what compresses again, and finds the genes of each component."""
    table = str(out / "component_genes.csv")
    genes = Name("component_genes(result)")
    write = call("write_component_genes_csv", table, genes, Name("result"))
    lines = script(_IMPORTS, *_compressing(request, out), str(write))

    def command() -> Command:
        source = request.expression.source
        encode = encode_command(source, request.parameters(), out, request.scheduler)
        return replace(encode, settings={**encode.settings, "component-genes": True})

    return with_command(lines, command)


def request_of(expression: Expression, parameters: dict[str, Any]) -> CompressRequest:
    """Return the request that data and settings (`CompressRequest.parameters`) are of.

    Raises
    ------
    UserError
        The settings are not known.
    """
    given = dict(parameters)
    try:
        model, held_out = given.pop("model"), given.pop("held_out")
        return CompressRequest(
            expression,
            model_path=Path(model) if model else None,
            held_out=HeldOut(**held_out) if held_out else None,
            **given,
        )
    except (KeyError, TypeError):
        raise UserError(_NOT_KNOWN) from None


def _compressing(request: CompressRequest, out: Path) -> list[str]:
    if request.codec == "fitted":
        raise UserError(_NOT_SAVED)
    return [
        read_again(request.expression.source),
        f"request = {made(request, expression=EXPRESSION, fitted=None)}",
        "result = compress(request)",
        str(call("save_results", Name("result"), str(out), Name("request.parameters()"))),
    ]


_IMPORTS = (
    IMPORTS
    | dict.fromkeys(("CompressRequest", "compress", "save_results"), "")
    | {"HeldOut": "reconstruction.held_out_error"}
    | {"component_genes": "reconstruction.components"}
    | {"write_component_genes_csv": "io.writers.component_genes"}
)


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
