"""A figure, drawn again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.figures.request import FigureRequest

from .command import Command, Repeat
from .python import Name, call, made, script

_USUAL = FigureRequest()
_OFF = {"outline": "no-outline", "letters": "no-letters", "colorbar": "no-colorbar",
        "captions": "no-captions", "common": "own-scales"}  # fmt: skip
_NAMES = {"n": "slices", "width_cm": "width-cm", "font_pt": "font-pt"}


def figure_command(
    request: FigureRequest, inputs: Sequence[Path | str], reading: dict[str, Any], out: Path
) -> Command:
    """Return the command that draws a figure again.

    Parameters
    ----------
    request : FigureRequest
    inputs : sequence of Path or str
        Folders of results or expression.
    reading : dict
        How they are read, as options.
    out : Path
    """
    settings: dict[str, Any] = {}
    for name, value in request.record().items():
        usual = getattr(_USUAL, name)
        if name in _OFF:
            settings[_OFF[name]] = not value
        elif name == "template":
            settings["template" if value else "no-template"] = True
        elif name == "what" or value != (list(usual) if isinstance(usual, tuple) else usual):
            settings[_NAMES.get(name, name)] = value
    return Command("figure", tuple(inputs), {**reading, **settings, "out": out})


def figure_again(
    request: FigureRequest,
    inputs: Sequence[Path | str],
    reading: dict[str, Any],
    out: Path,
    before: Repeat | None = None,
) -> Repeat:
    """Return what draws a figure again; `before` makes what it is drawn of.

    The parameters are as of `figure_command`.
    """
    how = {name.replace("-", "_"): _text(value) for name, value in reading.items() if value}
    lines = script(
        {
            "FigureRequest": "figures.request",
            "draw_maps": "figures.drawing",
            "FigureRecord": "io.writers.figure",
            "sources_of": "io.writers.figure",
            "write_figure": "io.writers.figure",
            "Reading": "io.writers.figure_inputs.input",
            "read_inputs": "io.writers.figure_inputs.read_inputs",
        },
        f"files, reading = {[str(path) for path in inputs]!r}, {call('Reading', **how)}",
        "inputs = read_inputs(files, reading)",
        f"request = {made(request)}",
        "record = FigureRecord(request, tuple(files), reading, source=sources_of(inputs))",
        "maps = [one.map(what) for what in request.what for one in inputs]",
        str(call("write_figure", Name("draw_maps(maps, request)"), out, Name("record"))),
    )
    command = figure_command(request, inputs, reading, out)
    if before is None:
        return Repeat(lines, (command,))
    return Repeat(f"{before.python}\n{lines}", (*before.commands, command))


def _text(value: Any) -> Any:
    """Return paths as text."""
    if isinstance(value, list):
        return [str(part) for part in value]
    return str(value) if isinstance(value, Path) else value
