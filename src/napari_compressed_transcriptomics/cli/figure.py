"""The command `figure`: maps and plots as PNG, SVG or PDF, or a turning brain as a movie."""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.brain_space import is_mni, space_of
from napari_compressed_transcriptomics.core.errors import UserError

from .reading import add_reading, reading_of
from .style import add_style_options, style_of
from .terminal import Report, clear_line, tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io.writers.figure import FigureRecord
    from napari_compressed_transcriptomics.io.writers.figure_inputs.input import Input

SUMMARY = "Draw maps or plots for a paper, or a movie of a rotating brain."
DETAILS = (
    "Beside FIG.svg lies FIG.svg.json: figure --settings FIG.svg.json draws the same again, to the "
    "byte. Surfaces (fsaverage5) and the template need data in MNI152 space."
)
_LOOK = (
    "what", "view", "planes", "mm", "n", "place", "low", "high", "colormap", "common", "width_cm",
    "font_pt", "dpi", "template", "mesh", "outline", "letters", "colorbar", "captions", "title",
)  # fmt: skip


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add(
        "input",
        nargs="*",
        metavar="INPUT",
        help="folders of results, a prediction or a comparison; or expression",
    )
    add("--out", type=Path, metavar="FIG", help="ends in .png, .svg or .pdf")
    add(
        "--movie", type=Path, metavar="TURN", help="movie of a rotating brain; ends in .gif or .mp4"
    )
    add("--settings", type=Path, metavar="JSON", help="draw with the settings saved with a figure")
    add(
        "--what",
        nargs="+",
        metavar="W",
        help="rmse (default), held-out, distance, component:3, gene:CALB1, reconstructed:CALB1, "
        "difference:CALB1; target:NAME, predicted:NAME, error:NAME; a plot: density, histogram, "
        "regions, genes, latents, comparison, prediction",
    )
    add("--view", help="slices (default), ortho, surface or plot")
    add("--planes", nargs="+", metavar="P", help="axial (default), coronal, sagittal")
    add("--mm", nargs="+", type=float, metavar="MM", help="positions of the slices")
    add("--slices", dest="n", type=int, metavar="N", help="slices per plane; default: 6")
    add("--place", nargs=3, type=float, metavar="MM", help="x, y and z of the view ortho")
    add("--mesh", help="of the view surface: pial (default) or inflated")
    add("--low", type=float, metavar="V", help="value at the lower end of the colours")
    add("--high", type=float, metavar="V", help="value at the upper end of the colours")
    add("--colormap", metavar="NAME", help="colormap of matplotlib")
    add("--width-cm", type=float, metavar="CM", help="width; default: 17, of movies 12")
    add("--font-pt", type=float, metavar="PT", help="size of text; default: 8")
    add("--dpi", type=int, metavar="N", help="dots per inch; default: 300, of movies 100")
    add("--title", metavar="T", help="title above the figure")
    for name, words in (
        ("own-scales", "scale each map by itself, even maps of the same quantity"),
        ("no-outline", "leave out the outlines of the data"),
        ("no-letters", "leave out the direction letters"),
        ("no-colorbar", "leave out the colour bars"),
        ("no-captions", "leave out the positions in mm"),
    ):
        dest = {"own-scales": "common"}.get(name, name.removeprefix("no-"))
        add(f"--{name}", dest=dest, action="store_false", default=None, help=words)
    add(
        "--template",
        action=argparse.BooleanOptionalAction,
        help="draw the MNI152 template behind slices; default: where the data are in that space",
    )
    add("--frames", type=int, metavar="N", help="frames in the movie; default: 60")
    add("--per-second", type=int, metavar="N", help="frames per second; default: 20")
    add("--model", metavar="MODEL", help="model file that reconstructs expression")
    add_reading(add)
    add_style_options(add, tables=False)


def run(arguments: argparse.Namespace) -> None:
    """Read, draw and write."""
    from napari_compressed_transcriptomics.figures.request import USUAL_OF_MOVIES, FigureRequest
    from napari_compressed_transcriptomics.io.writers.figure import (
        FigureRecord,
        check_figure_path,
        sources_of,
    )
    from napari_compressed_transcriptomics.io.writers.figure_inputs.read_inputs import read_inputs

    if (arguments.out is None) == (arguments.movie is None):
        raise UserError("Give one of --out FIG.svg (.png, .pdf) and --movie TURN.gif (.mp4)")
    path = arguments.out or arguments.movie
    saved = FigureRecord.of_file(arguments.settings) if arguments.settings else None
    if saved is None:
        usual = USUAL_OF_MOVIES if arguments.movie else {}
        saved = FigureRecord(FigureRequest.of_record(usual))
    record = _asked(saved, arguments)
    check_figure_path(path, record)
    inputs = read_inputs(record.inputs, record.reading, Report())
    clear_line()
    for one in inputs:
        tell_notes(one.notes)
    source = sources_of(inputs)
    if arguments.settings and not arguments.input:
        record.check_source(source)
    record = replace(record, source=source)
    if arguments.template is None and arguments.settings is None:
        mni = all(is_mni(space_of(one.source)) for one in inputs)
        record = replace(record, request=replace(record.request, template=mni))
    paths = _draw(record, inputs, path, arguments)
    clear_line()
    print(*paths, sep="\n")


def _asked(saved: "FigureRecord", arguments: argparse.Namespace) -> "FigureRecord":
    """Return a record with what the options say in place of what it says."""
    from napari_compressed_transcriptomics.figures.request import PLOTS, FigureRequest, Movie

    given = {name: getattr(arguments, name) for name in _LOOK}
    given = {name: value for name, value in given.items() if value is not None}
    if given.get("what") and given["what"][0] in PLOTS:
        given.setdefault("view", "plot")
    reading = reading_of(arguments)
    reading |= {name: value for name in ("model", "space") if (value := getattr(arguments, name))}
    movie = None
    if arguments.movie is not None:
        pace = {"frames": arguments.frames, "per_second": arguments.per_second}
        pace = {name: value for name, value in pace.items() if value is not None}
        movie = replace(saved.movie or Movie(), **pace)
    elif arguments.frames is not None or arguments.per_second is not None:
        raise UserError("--frames and --per-second are for movies; give --movie")
    return replace(
        saved,
        request=FigureRequest.of_record({**saved.request.record(), **given}),
        reading=replace(saved.reading, **reading),
        inputs=tuple(arguments.input) or saved.inputs,
        movie=movie,
    )


def _draw(
    record: "FigureRecord", inputs: "list[Input]", path: Path, arguments: argparse.Namespace
) -> list[Path]:
    from napari_compressed_transcriptomics.figures.drawing import draw_maps, draw_plot
    from napari_compressed_transcriptomics.io.writers.figure import write_figure, write_movie

    request, style = record.request, style_of(arguments)
    if request.view == "plot":
        if record.movie is not None:
            raise UserError(f"{request.what[0]} is a plot, which cannot be a movie; give --out")
        if len(inputs) > 1:
            raise UserError("A plot takes one input; give one")
        return write_figure(
            draw_plot(inputs[0].plot(request.what[0]), request), path, record, style
        )
    # What is alike stands together: the same quantity of each input.
    maps = [
        replace(shown, title=f"{one.name}: {shown.title}") if len(inputs) > 1 else shown
        for what in request.what
        for one in inputs
        for shown in (one.map(what),)
    ]
    if (request.template and record.movie is None) or request.view == "surface":
        tell_notes(filter(None, [one.check_mni() for one in inputs]))
    if record.movie is None:
        return write_figure(draw_maps(maps, request, Report()), path, record, style)
    if len(maps) > 1:
        raise UserError("A movie shows one map; give one input and one --what")
    from napari_compressed_transcriptomics.figures.turning import turning_frames

    frames = turning_frames(maps[0], request, record.movie.frames, Report())
    return write_movie(frames, path, record, style)
