"""A figure, drawn again."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.figures.request import USUAL_OF_MOVIES, FigureRequest, Movie

from .command import Command, Repeat
from .python import Name, call, made, script

_USUAL, _USUAL_TURN = FigureRequest(), FigureRequest(**USUAL_OF_MOVIES)
_OFF = {"outline": "no-outline", "letters": "no-letters", "colorbar": "no-colorbar",
        "captions": "no-captions", "common": "own-scales"}  # fmt: skip
_NAMES = {"n": "slices", "width_cm": "width-cm", "font_pt": "font-pt"}


def figure_command(
    request: FigureRequest,
    inputs: Sequence[Path | str],
    reading: dict[str, Any],
    out: Path,
    movie: Movie | None = None,
) -> Command:
    """Return the command that draws a figure, a plot or a movie again.

    Parameters
    ----------
    request : FigureRequest
    inputs : sequence of Path or str
        Folders of results or expression.
    reading : dict
        How they are read, as options.
    out : Path
    movie : Movie, optional
        How the brain turns, where it does.
    """
    settings: dict[str, Any] = {}
    for name, value in request.record().items():
        usual = getattr(_USUAL if movie is None else _USUAL_TURN, name)
        if name in _OFF:
            settings[_OFF[name]] = not value
        elif name == "template":
            if request.view != "plot":
                settings["template" if value else "no-template"] = True
        elif name == "what" or value != (list(usual) if isinstance(usual, tuple) else usual):
            settings[_NAMES.get(name, name)] = value
    if movie is None:
        settings["out"] = out
    else:
        settings |= {"frames": movie.frames, "per-second": movie.per_second, "movie": out}
    return Command("figure", tuple(inputs), {**reading, **settings})


def figure_again(
    request: FigureRequest,
    inputs: Sequence[Path | str],
    reading: dict[str, Any],
    out: Path,
    before: Repeat | None = None,
    movie: Movie | None = None,
) -> Repeat:
    """Return what draws a figure, plot or movie again; `before` makes what it is drawn of.

    The parameters are as of `figure_command`.
    """
    how = {name.replace("-", "_"): _text(value) for name, value in reading.items() if value}
    turns = "" if movie is None else "movie, "
    lines = script(
        {
            "FigureRequest": "figures.request",
            "FigureRecord": "io.writers.figure",
            "Movie": "figures.request",
            "sources_of": "io.writers.figure",
            "write_figure": "io.writers.figure",
            "write_movie": "io.writers.figure",
            "draw_maps": "figures.drawing",
            "draw_plot": "figures.drawing",
            "turning_frames": "figures.turning",
            "Reading": "io.writers.figure_inputs.input",
            "read_inputs": "io.writers.figure_inputs.read_inputs",
        },
        f"files, reading = {[str(path) for path in inputs]!r}, {call('Reading', **how)}",
        "inputs = read_inputs(files, reading)",
        f"request = {made(request)}",
        "" if movie is None else f"movie = {made(movie)}",
        f"record = FigureRecord(request, tuple(files), reading, {turns}source=sources_of(inputs))",
        *_drawing(request, out, movie),
    )
    command = figure_command(request, inputs, reading, out, movie)
    if before is None:
        return Repeat(lines, (command,))
    return Repeat(f"{before.python}\n{lines}", (*before.commands, command))


def _drawing(request: FigureRequest, out: Path, movie: Movie | None) -> list[str]:
    """Return the lines that draw and write."""
    if request.view == "plot":
        drawn = Name("draw_plot(inputs[0].plot(request.what[0]), request)")
    elif movie is None:
        drawn = Name("draw_maps(maps, request)")
    else:
        drawn = Name("turning_frames(maps[0], request, movie.frames)")
    write = "write_figure" if movie is None else "write_movie"
    maps = ["maps = [one.map(what) for what in request.what for one in inputs]"]
    return [*(maps if request.view != "plot" else []), str(call(write, drawn, out, Name("record")))]


def _text(value: Any) -> Any:
    """Return paths as text."""
    if isinstance(value, list):
        return [str(part) for part in value]
    return str(value) if isinstance(value, Path) else value
