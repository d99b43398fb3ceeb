"""Options that several commands have, and the numbers that they take."""

import argparse
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core import limits


def whole(least: int, most: int) -> Callable[[str], int]:
    """Return a function that reads a whole number from `least` to `most`, in digits 0 to 9."""

    def read(text: str) -> int:
        # The length first: of thousands of digits Python makes no number.
        digits = text.isascii() and text.isdecimal() and len(text.lstrip("0")) <= len(str(most))
        value = int(text) if digits else -1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least:,} to {most:,}"
            )
        return value

    return read


def millimetres(text: str) -> float:
    """Read a distance of 0 mm or more."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a distance in mm of 0 or more")
    return value


def add_splits(add: Callable, buffer: float | None = None) -> None:
    """Add the options of what is held out; without a buffer it is found in the data."""
    add(
        "--split",
        nargs="+",
        default=["blocks"],
        metavar="S",
        help="what is held out: blocks (default), random",
    )
    add("--folds", type=folds, default=5, metavar="N", help="number of folds; default: 5")
    add_buffer(add, buffer)


def add_buffer(add: Callable, default: float | None = None) -> None:
    """Add the option of the buffer of blocks; without a default it is found in the data."""
    found = (
        "where the correlation of samples has fallen to one half, less where fewer than half of "
        "the samples would be left to train on"
    )
    words = found if default is None else f"{default:g}"
    add(
        "--buffer",
        type=millimetres,
        metavar="MM",
        default=default,
        help=f"for blocks; default: {words}",
    )


components = whole(1, limits.MAX_COMPONENTS)
folds = whole(2, limits.MAX_FOLDS)
processes = whole(1, limits.MAX_PROCESSES)
repeats = whole(1, limits.MAX_REPEATS)
seed = whole(0, limits.MAX_SEED)
surrogates = whole(0, limits.MAX_DRAWS)
permutations = whole(limits.MIN_PERMUTATIONS, limits.MAX_DRAWS)


def add_batch(parser: argparse.ArgumentParser) -> None:
    """Add the options of work that nobody watches, which all commands have."""
    parser.add_argument(
        "--save-config",
        type=Path,
        metavar="FILE.toml",
        help="write all settings to a file that `run` takes, and do nothing else",
    )
    if not parser.prog.endswith(" info"):  # whose --json is what it prints
        add_json(parser.add_argument)


def add_json(add: Callable) -> None:
    """Add the option of what is said on standard error."""
    add(
        "--json",
        dest="json_progress",
        action="store_true",
        help="progress, notes and errors as a JSON object per line on standard error",
    )


def add_methods(add: Callable, methods: Sequence[str], latent_sizes: Sequence[int]) -> None:
    """Add the options of methods and their numbers of components, with their defaults."""
    usual = " ".join(methods)
    add(
        "--methods", nargs="+", default=[*methods], metavar="M", help=f"see below; default: {usual}"
    )
    usual = " ".join(map(str, latent_sizes))
    add(
        "--latent",
        nargs="+",
        type=components,
        default=[*latent_sizes],
        metavar="K",
        help=f"numbers of components; default: {usual}",
    )


def add_images(add: Callable, help: str) -> None:
    """Add the option of latents that are there already."""
    add("--images", nargs="+", type=Path, default=[], metavar="FILE", help=help)


def add_scheduler(add: Callable, what: str) -> None:
    """Add the option of a scheduler, whose workers do `what`."""
    add(
        "--scheduler",
        metavar="ADDRESS",
        help=f"of a Dask distributed scheduler, such as tcp://10.0.0.5:8786, whose workers {what} "
        "(extra cluster); they must see files of stores at the same paths",
    )


def add_compartments(add: Callable) -> None:
    """Add the option of compartments, which surrogate maps keep."""
    add(
        "--compartments",
        type=Path,
        metavar="ATLAS",
        help="label NIfTI of cortex, subcortex, cerebellum and brainstem, where the regions' "
        "names do not say",
    )


def add_regions_of_results(add: Callable) -> None:
    """Add the options of the regions of results."""
    add("--atlas", metavar="A", help="label NIfTI of regions, for results of voxels")
    add("--labels", metavar="L", help="table that names the ids of the atlas")


def add_commands_to(parsers: Any, commands: dict[str, tuple[Callable, str]]) -> dict[str, Any]:
    """Add commands below a command (``models list``), each with what runs it and its summary.

    Parameters
    ----------
    parsers
        What ``ArgumentParser.add_subparsers`` returned.
    commands : dict
        By name: a function of the arguments, and one line.

    Returns
    -------
    dict of str to ArgumentParser
    """
    made = {}
    for name, (run, summary) in commands.items():
        made[name] = parsers.add_parser(name, help=summary, description=summary)
        made[name].set_defaults(run=run)
    return made
