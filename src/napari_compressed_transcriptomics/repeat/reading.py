"""Expression that is read again, by a command or in Python."""

from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.brain_space import space_of
from napari_compressed_transcriptomics.io.files.how_read import KEY, HowRead

from .command import Command, Repeat
from .python import Name, call, script

_GIVEN = ("atlas", "labels", "impute", "ids", "variant", "hemisphere")


def read_again(source: dict[str, Any], lazy: bool = False) -> str:
    """Return lines of Python that read the data of an `Expression.source` into ``expression``."""
    made: dict[str, Any] = source.get("synthetic", {})
    if made:
        lines = f"expression = {call('synthetic_brain', **made)}"
        if "regions" in source:
            regions = call("synthetic_regions", Name("expression"), **source["regions"])
            lines += f"\nexpression = {regions}"
        return lines
    how = HowRead.of(source)
    given = {name: getattr(how, name) for name in _GIVEN}
    inputs = how.inputs[0] if len(how.inputs) == 1 else list(how.inputs)
    of_vertices = {name: list(getattr(how, name)) or None for name in ("surface", "vertices_of")}
    reading = call("read_expression", inputs, **given, lazy=lazy, **of_vertices)
    lines = f"expression = {reading}"
    if space := space_of(source):
        lines += f"\n{call('record_space', Name('expression.source'), space)}"
    return lines


def command_reading(source: dict[str, Any]) -> tuple[tuple[Path | str, ...], dict[str, Any]]:
    """Return inputs and options of a command that reads the data of an `Expression.source`."""
    how = HowRead.of(source)
    return how.files, {**how.settings(), "space": space_of(source) or None}


def open_again(how: HowRead) -> Repeat:
    """Return what reads expression again, and says what it holds."""
    source = {KEY: how.record()}
    inputs, reading = command_reading(source)
    return Repeat(script(IMPORTS, read_again(source)), (Command("info", inputs, reading),))


def sample_again(key: str) -> Repeat:
    """Return what fetches and reads a real sample; it takes for read that its terms are accepted.

    Parameters
    ----------
    key : str
        As ``samples list`` names it.
    """
    lines = script(
        {"sample": "io.readers.samples.real"},
        f"chosen = {call('sample', key)}",
        "chosen.get(terms_accepted=True)",
        "expression = chosen.read()",
    )
    return Repeat(lines, (Command("samples get", (key,), {"accept-terms": True}),))


IMPORTS = {
    "read_expression": "",
    "synthetic_brain": "",
    "synthetic_regions": "core.synthetic",
    "record_space": "core.brain_space",
}
"""Where what reads is imported from."""
