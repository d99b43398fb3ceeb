"""Many inputs, each a piece of work of its own: ``encode *.csv --out results/{name}``."""

import argparse
from collections.abc import Iterator
from glob import glob
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import (
    H5AD,
    PARQUET,
    STORE,
    TEXT_TABLE,
    stem,
    suffix,
)

NAME = "{name}"
"""What stands for the name of an input, without its ending."""


def each(arguments: argparse.Namespace) -> Iterator[argparse.Namespace]:
    """Yield the arguments of each piece of work.

    Where an option says ``{name}``, each input is one, and ``{name}`` is its name; else all inputs
    are one. Patterns (``*``, ``?``, ``[``) that the shell has left are filled in.

    Raises
    ------
    UserError
        Before any work: no file fits a pattern, or two inputs have one name.
    """
    inputs = getattr(arguments, "input", None)
    if not inputs:
        yield arguments
        return
    arguments.input = inputs = [path for text in inputs for path in _fitting(text)]
    if not any(_has_name(value) for key, value in vars(arguments).items() if key != "input"):
        if len(inputs) > 1 and hasattr(arguments, "out") and all(map(_is_whole, inputs)):
            raise UserError(
                f"{inputs[0]} and {inputs[1]} are a brain each; say {NAME} in --out "
                f"(--out results/{NAME}), and each is a piece of work of its own"
            )
        yield arguments
        return
    named: dict[str, str] = {}
    for path in inputs:
        name = stem(Path(path).absolute())
        if name in named:
            raise UserError(
                f"{named[name]} and {path} are both called {name}, and would get the same "
                f"{NAME}; rename one of them, or give them one by one"
            )
        named[name] = path
    for name, path in named.items():
        filled = {key: _with_name(value, name) for key, value in vars(arguments).items()}
        yield argparse.Namespace(**{**filled, "input": [path]})


def _is_whole(path: str) -> bool:
    """Tell files that are a brain each from maps of genes, of which many are one."""
    return suffix(path, TEXT_TABLE + PARQUET + H5AD + STORE) != ""


def _fitting(text: str) -> list[str]:
    """Return the files that fit a pattern; what is no pattern, or a file itself, is that file."""
    if not any(sign in text for sign in "*?[") or "://" in text or Path(text).exists():
        return [text]
    found = sorted(glob(text))
    if not found:
        raise UserError(f"No file matches {text}; check the pattern and the working folder")
    return found


def _has_name(value: Any) -> bool:
    if isinstance(value, list):
        return any(map(_has_name, value))
    return isinstance(value, str | Path) and NAME in str(value)


def _with_name(value: Any, name: str) -> Any:
    if isinstance(value, list):
        return [_with_name(part, name) for part in value]
    if isinstance(value, str | Path) and NAME in str(value):
        return type(value)(str(value).replace(NAME, name))
    return value
