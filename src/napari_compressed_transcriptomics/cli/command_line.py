"""The command line: each command parses, calls the core, writes and says what it did."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from napari_compressed_transcriptomics import __version__
from napari_compressed_transcriptomics.core.brain_space import record_space
from napari_compressed_transcriptomics.core.errors import (
    LONGEST_MESSAGE,
    UserError,
    printable,
    shortened,
)

from . import coherence as _cli_coherence
from . import compare as _cli_compare
from . import convert as _cli_convert
from . import decode as _cli_decode
from . import difference as _cli_difference
from . import encode as _cli_encode
from . import figure as _cli_figure
from . import info as _cli_info
from . import models as _cli_models
from . import page as _cli_page
from . import predict as _cli_predict
from . import report as _cli_report
from . import samples as _cli_samples
from . import train as _cli_train
from .batch import completion as _batch_completion
from .batch import run as _batch_run
from .batch.run import do
from .demo import command as _cli_demo
from .faults import explained, interrupted
from .options import add_batch, add_reading, seed
from .signals import all_interrupt, forget_interrupt, held_back, how_ended
from .streams import make_safe, output_problem, say
from .terminal import (
    Report,
    clear_line,
    speak_json,
    tell_end,
    tell_error,
    tell_notes,
    warnings_reported,
)

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression

PROG = "compressed-transcriptomics"


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments; those of the process where not given.

    Returns
    -------
    int
        Exit code, with one line on standard error where it is not 0:

        - 0: done. Standard output may have been closed: nobody wanted to read it.
        - 2: the user's input, setting or surroundings (memory, disks, permissions, a standard
          output that is full) are at fault.
        - 70: the program is; the line says where the full report was written.
        - 130: interrupted with Ctrl-C; 143: ended by SIGTERM; 129: by SIGHUP. `train`,
          `compare`, `predict` and `coherence` keep what is done.
        - 141: whoever read standard output went away; nothing is said.

        Files are written before paths are printed: where these cannot be, those are complete.
    """
    make_safe()
    arguments = sys.argv[1:] if argv is None else argv
    try:
        with all_interrupt():
            code = _run(arguments)
    except KeyboardInterrupt:  # it may also come while the handlers are set and set back
        code, words = how_ended()
        tell_end(PROG, words, code)
    forget_interrupt()
    return _reported_on_output(code)


def _run(argv: Sequence[str]) -> int:
    warned: list[str] = []
    speak_json(False)
    try:
        arguments = command_parser().parse_args(argv)
        _check_surroundings()
        # Before torch is loaded: waiting threads sleep. On a busy machine spinning ones cost 5
        # times the time in training.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        speak_json(getattr(arguments, "json_progress", False))
        with warnings_reported(warned):
            do(arguments)
    except SystemExit as end:  # argparse printed help, the version, or what is wrong
        return int(end.code or 0)
    except Exception as error:
        if interrupted(error):
            raise KeyboardInterrupt from None
        if isinstance(error, OSError) and (problem := output_problem()):
            return _without_output(problem)
        code, words = explained(error, argv, warned)
        tell_error(PROG, words, code)
        return code
    return 0


def _reported_on_output(code: int) -> int:
    """Return the exit code, another one where standard output could not be written."""
    problem = output_problem()
    return code if problem is None else _without_output(problem)


def _without_output(problem: OSError) -> int:
    if isinstance(problem, BrokenPipeError):
        return 141
    say(f"{PROG}: error: Standard output cannot be written ({problem.strerror}); send it elsewhere")
    return 2


def _check_surroundings() -> None:
    """Raise a `UserError` where the process cannot even begin to work."""
    from napari_compressed_transcriptomics.core.memory import require_room_for_program

    require_room_for_program()
    try:
        os.getcwd()
    except OSError as error:
        raise UserError(
            f"The working folder cannot be used ({error.strerror}); change to another one"
        ) from None


def _info(arguments: argparse.Namespace) -> None:
    _cli_info.run(arguments, _read(arguments))


def _train(arguments: argparse.Namespace) -> None:
    _cli_train.check_name(arguments)
    expression = _read(arguments, tell=True)
    out = arguments.out
    _check_out(out.parent, [out.name], expression.source)
    _cli_train.run(arguments, expression)


def _predict(arguments: argparse.Namespace) -> None:
    _cli_predict.run(arguments, _read_samples(arguments))


def _compare(arguments: argparse.Namespace) -> None:
    _cli_compare.run(arguments, _read_samples(arguments))


def _coherence(arguments: argparse.Namespace) -> None:
    _cli_coherence.run(arguments, _read(arguments, tell=True))


def _convert(arguments: argparse.Namespace) -> None:
    _cli_convert.check(arguments)
    _cli_convert.run(arguments, _read(arguments, tell=True, lazy=True))


def _encode(arguments: argparse.Namespace) -> None:
    _cli_encode.check(arguments)
    expression = _read(arguments, tell=True)
    _cli_encode.check_output(arguments, expression)
    _cli_encode.run(arguments, expression)


def _demo(arguments: argparse.Namespace) -> None:
    from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
    from napari_compressed_transcriptomics.io.writers.results import RESULT_FILES

    brain = synthetic_brain()
    _check_out(arguments.out, RESULT_FILES, brain.source)
    _cli_demo.run(arguments, brain)


def _read(arguments: argparse.Namespace, tell: bool = False, lazy: bool = False) -> "Expression":
    """Read the data; `tell` what is to be noted where they are to be worked on."""
    from napari_compressed_transcriptomics.io import read_expression

    expression = read_expression(
        arguments.input,
        arguments.atlas,
        arguments.labels,
        arguments.impute,
        arguments.ids,
        arguments.variant,
        Report(),
        lazy,
        arguments.surface,
        arguments.vertices_of,
        arguments.hemisphere,
    )
    clear_line()
    if arguments.space:
        record_space(expression.source, arguments.space)
    if tell:
        tell_notes(expression.notes)
        with held_back():
            import torch  # noqa: F401
    return expression


def _read_samples(arguments: argparse.Namespace) -> "Expression":
    """Read the data for work that needs all samples at once, or some of them where too many."""
    from napari_compressed_transcriptomics.study.sampled import in_memory

    expression = _read(arguments, tell=True)
    some = in_memory(expression)
    tell_notes(some.notes[len(expression.notes) :])
    return some


def _check_out(folder: Path, names: Sequence[str], source: dict) -> None:
    """Refuse before any work what could not be written after it."""
    from napari_compressed_transcriptomics.io.files.atomic import check_targets, refuse_overwriting

    check_targets(folder, names)
    refuse_overwriting([folder / name for name in names], source)


class _Parser(argparse.ArgumentParser):
    about = ""
    """Where the arguments come from, as the beginning of a sentence."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong in one line, without the usage."""
        self.exit(
            2, f"{PROG}: error: {shortened(printable(self.about + message), LONGEST_MESSAGE)}\n"
        )


def command_parser(about: str = "") -> argparse.ArgumentParser:
    """Return the parser; `about` says where the arguments come from, if not from the line typed."""
    made = type("_Parser", (_Parser,), {"about": about})
    parser = made(
        prog=PROG,
        description="Compress gene expression in the brain into a few components.",
        epilog="Exit codes: 0 done, 2 input, settings or surroundings at fault, 70 the program at "
        "fault, 130 interrupted (Ctrl-C), 143 ended (SIGTERM).",
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    reading = _Parser(add_help=False)
    reading.add_argument(
        "input",
        nargs="+",
        metavar="INPUT",
        help="4-D NIfTI, CSV, TSV, Parquet, h5ad, zarr; or folder or files of one NIfTI per gene, "
        "or of one GIFTI or MGH per gene and hemisphere",
    )
    add_reading(reading.add_argument)
    working = _Parser(add_help=False)
    add = working.add_argument
    add("--seed", type=seed, default=0, metavar="N", help="of all that is drawn; default: 0")
    devices = ("auto", "cuda", "mps", "cpu")
    add("--device", choices=devices, default="auto", help="where to compute; default: auto")

    def command(name: str, run: Callable, summary: str, *parents: _Parser):
        sub = commands.add_parser(name, help=summary, description=summary, parents=parents)
        sub.set_defaults(run=run, command=name, parser=sub)
        add_batch(sub)
        return sub

    info = command("info", _info, _cli_info.SUMMARY, reading)
    _cli_info.add_options(info)

    convert = command("convert", _convert, _cli_convert.SUMMARY, reading)
    convert.epilog = _cli_convert.DETAILS
    _cli_convert.add_options(convert)

    train = command("train", _train, _cli_train.SUMMARY, reading, working)
    train.epilog = _cli_train.DETAILS
    _cli_train.add_options(train)

    encode = command("encode", _encode, _cli_encode.SUMMARY, reading, working)
    _cli_encode.add_options(encode)

    compare = command("compare", _compare, _cli_compare.SUMMARY, reading, working)
    compare.epilog = _cli_compare.DETAILS
    _cli_compare.add_options(compare)

    predict = command("predict", _predict, _cli_predict.SUMMARY, reading, working)
    predict.epilog = _cli_predict.DETAILS
    _cli_predict.add_options(predict)

    coherence = command("coherence", _coherence, _cli_coherence.SUMMARY, reading, working)
    coherence.epilog = _cli_coherence.DETAILS
    _cli_coherence.add_options(coherence)

    report = command("report", _cli_report.run, _cli_report.SUMMARY)
    report.epilog = _cli_report.DETAILS
    _cli_report.add_options(report)

    page = command("page", _cli_page.run, _cli_page.SUMMARY)
    page.epilog = _cli_page.DETAILS
    _cli_page.add_options(page)

    figure = command("figure", _cli_figure.run, _cli_figure.SUMMARY)
    figure.epilog = _cli_figure.DETAILS
    _cli_figure.add_options(figure)

    decode = command("decode", _cli_decode.run, _cli_decode.SUMMARY)
    decode.epilog = _cli_decode.DETAILS
    _cli_decode.add_options(decode)

    difference = command("difference", _cli_difference.run, _cli_difference.SUMMARY)
    difference.epilog = _cli_difference.DETAILS
    _cli_difference.add_options(difference)

    about_models = "Fetch published weights, and describe model files."
    models = commands.add_parser("models", help=about_models, description=about_models)
    _cli_models.add_commands(models.add_subparsers(required=True, metavar="COMMAND"))
    about_samples = "Fetch real expression to start with, under the terms of its sources."
    samples = commands.add_parser("samples", help=about_samples, description=about_samples)
    _cli_samples.add_commands(samples.add_subparsers(required=True, metavar="COMMAND"))

    demo = command("demo", _demo, _cli_demo.SUMMARY)
    _cli_demo.add_options(demo)

    for one in (_batch_run, _batch_completion):
        sub = commands.add_parser(one.NAME, help=one.SUMMARY, description=one.SUMMARY)
        sub.epilog = one.DETAILS
        sub.set_defaults(run=one.run, make_parser=command_parser)
        one.add_options(sub)
    return parser


if __name__ == "__main__":
    sys.exit(main())
