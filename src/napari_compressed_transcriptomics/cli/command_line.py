"""The command line: each command parses, calls the core, writes and says what it did."""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from napari_compressed_transcriptomics import __version__
from napari_compressed_transcriptomics.core.errors import (
    LONGEST_MESSAGE,
    UserError,
    printable,
    shortened,
)

from . import (
    coherence,
    compare,
    convert,
    decode,
    difference,
    encode,
    figure,
    info,
    models,
    page,
    predict,
    report,
    samples,
    train,
)
from .batch import completion, run
from .demo import command as demo
from .faults import explained, interrupted
from .options import add_batch, seed
from .reading import add_input
from .signals import all_interrupt, end_soon, forget_interrupt, how_ended
from .streams import make_safe, output_problem, say
from .terminal import speak_json, tell_end, tell_error, warnings_reported

PROG = "compressed-transcriptomics"
_DATA, _WORK = "data", "data, seed and device"
_COMMANDS = {
    _DATA: {"info": info, "convert": convert},
    _WORK: {
        "train": train, "encode": encode, "compare": compare, "predict": predict,
        "coherence": coherence,
    },
    "": {
        "report": report, "page": page, "figure": figure, "decode": decode,
        "difference": difference, "demo": demo,
    },
}  # fmt: skip
"""Modules of commands, by the options that they share with others."""
_GROUPS = {"models": models, "samples": samples}
"""Modules with several commands below one name."""


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
        if argv is None:  # else it is not the process that ends
            end_soon(code)
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
            run.do(arguments)
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
        epilog="Exit codes: 0 done; 2 input, settings or the machine at fault; 70 the program at "
        "fault; 129 hang-up (SIGHUP), 130 interrupted (Ctrl-C), 143 ended (SIGTERM); 141 nobody "
        "read the output.",
    )
    parser.add_argument("--version", action="version", version=f"{PROG} {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    data, work = _Parser(add_help=False), _Parser(add_help=False)
    add_input(data.add_argument)
    add, devices = work.add_argument, ("auto", "cuda", "mps", "cpu")
    add("--seed", type=seed, default=0, metavar="N", help="seed of everything random; default: 0")
    add("--device", choices=devices, default="auto", help="where to compute; default: auto")
    shared = {_DATA: [data], _WORK: [data, work], "": []}
    for has, modules in _COMMANDS.items():
        for name, module in modules.items():
            sub = _add_command(commands, name, module, shared[has])
            sub.set_defaults(command=name, parser=sub)
            add_batch(sub)
    for name, group in _GROUPS.items():
        below = commands.add_parser(name, help=group.SUMMARY, description=group.SUMMARY)
        group.add_commands(below.add_subparsers(required=True, metavar="COMMAND"))
    for name, module in {"run": run, "completion": completion}.items():
        _add_command(commands, name, module).set_defaults(make_parser=command_parser)
    return parser


def _add_command(
    commands: Any, name: str, module: Any, parents: Sequence[_Parser] = ()
) -> argparse.ArgumentParser:
    """Add what a module says of its command: `SUMMARY`, `DETAILS`, `add_options` and `run`."""
    sub = commands.add_parser(
        name,
        help=module.SUMMARY,
        description=module.SUMMARY,
        epilog=getattr(module, "DETAILS", None),
        parents=parents,
    )
    sub.set_defaults(run=module.run)
    module.add_options(sub.add_argument)
    return sub


if __name__ == "__main__":
    sys.exit(main())
