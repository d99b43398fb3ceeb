"""A command of the command line as data: shell text, arguments, and a file of settings (TOML)."""

import json
import os
import shlex
import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.provenance import portable_path
from napari_compressed_transcriptomics.io.files.file_names import safe_stem

PROG = "compressed-transcriptomics"


@dataclass(frozen=True)
class Command:
    """What is to be done, and how."""

    name: str
    """Of the command, such as ``encode``."""
    inputs: tuple[Path | str, ...] = ()
    """What stands without an option's name; addresses on the web are str."""
    settings: dict[str, Any] = field(default_factory=dict)
    """By the long names of options, without ``--``. True is an option alone; None, False and empty
    lists are left out. Paths are `Path`, so that they can be told relative to a folder."""

    def arguments(self, tell: Callable[[Path], str] = str) -> list[str]:
        """Return the arguments after the program's name; `tell` says how paths are written."""
        words = [*self.name.split(), *(_word(part, tell) for part in self.inputs)]
        for name, value in self._given().items():
            words.append(f"--{name}")
            if value is not True:
                words += [_word(part, tell) for part in _several(value)]
        return words

    def shell(self, tell: Callable[[Path], str] = str) -> str:
        """Return the line to type, for the shell of this system."""
        words = [PROG, *self.arguments(tell)]
        return subprocess.list2cmdline(words) if os.name == "nt" else shlex.join(words)

    def toml(self, tell: Callable[[Path], str] = str) -> str:
        """Return the file of settings that ``run`` takes."""
        lines = [f"command = {toml_value(self.name, tell)}"]
        if self.inputs:
            lines.append(f"input = {toml_value(list(self.inputs), tell)}")
        lines += [f"{name} = {toml_value(value, tell)}" for name, value in self._given().items()]
        return "\n".join(lines) + "\n"

    def _given(self) -> dict[str, Any]:
        return {
            name: value
            for name, value in self.settings.items()
            if value is not None and value is not False and value != [] and value != ()
        }


def toml_value(value: Any, tell: Callable[[Path], str] = str) -> str:
    """Return a path, text, number, truth or list of them as TOML has it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml_value(part, tell) for part in value)}]"
    if isinstance(value, int | float):
        return repr(value)
    # TOML's strings are JSON's, but for a character that they must escape.
    return json.dumps(_word(value, tell), ensure_ascii=False).replace("\x7f", "\\u007f")


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _word(part: Any, tell: Callable[[Path], str]) -> str:
    """Return one word of the command line; names of files that look like options are no options."""
    if isinstance(part, Path):
        word = tell(part)
        return f".{os.sep}{word}" if word.startswith("-") else word
    return str(part)


def results_in(*words: str | int) -> Path:
    """Return a folder for results, named by what they are of, within the working folder."""
    return Path("results") / safe_stem("_".join(str(word) for word in words), "_")


def recorded(make: Callable[[], Command], folder: Path, keep_paths: bool = False) -> str | None:
    """Return the line that a record in a folder has, to be run there; None where there is none.

    Parameters
    ----------
    make : callable
        Returns the command; a `UserError` means that there is none.
    folder : Path
        Of the record.
    keep_paths : bool
        Else paths are relative to the folder, see `core.provenance.portable`.
    """

    def tell(path: Path) -> str:
        absolute = os.path.abspath(path)
        return absolute if keep_paths else portable_path(absolute, folder)

    try:
        return make().shell(tell)
    except UserError:
        return None


@dataclass(frozen=True)
class Repeat:
    """What does a piece of work again, outside napari, with the same numbers."""

    python: str
    """A script."""
    commands: tuple[Command, ...] = ()
    """One after the other; none where no command does it."""
    why_no_command: str = "There is no command for this; copy it as Python"
    """In a sentence, where there is none."""

    def shell(self) -> str:
        """Return the lines to type; a `UserError` says why there are none."""
        if not self.commands:
            raise UserError(self.why_no_command)
        return "\n".join(command.shell() for command in self.commands)

    def toml(self) -> str:
        """Return the file of settings; a `UserError` says why there is none."""
        if not self.commands:
            raise UserError(self.why_no_command)
        if len(self.commands) > 1:
            raise UserError("This takes two commands, and settings are of one; copy it as command")
        if " " in self.commands[0].name:
            raise UserError("This command has no settings; copy it as command")
        return self.commands[0].toml()
