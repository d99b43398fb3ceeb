"""Latents decoded again."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .command import Command, Repeat
from .python import Name, call, made, script

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.reconstruction.decode import DecodeRequest


def decode_command(
    request: "DecodeRequest", genes: Sequence[str] | None, out: Path, dtype: str = "float32"
) -> Command:
    """Return the command that decodes again; `genes` None is all of them."""
    settings: dict[str, Any] = {
        "model": request.model,
        "genes": None if genes is None else list(genes),
        "all": genes is None,
        "range": [end for pair in request.ranges for end in pair],
        "dtype": None if dtype == "float32" else dtype,
        **{name.replace("_", "-"): value for name, value in request.reading.items()},
        "space": request.space or None,
        "out": out,
    }
    return Command("decode", request.latents, settings)


def decode_again(request: "DecodeRequest", genes: Sequence[str] | None, out: Path) -> Repeat:
    """Return what decodes again, and saves the genes; None is all of them."""
    names = None if genes is None else tuple(genes)
    write = call("save_decoding", Name("result"), str(out), names, request=Name("request"))
    lines = script(
        dict.fromkeys(("DecodeRequest", "decode_latents", "save_decoding"), ""),
        f"request = {made(replace(request, cache=None))}",
        "result = decode_latents(request)",
        str(write),
    )
    return Repeat(lines, (decode_command(request, genes, out),))
