"""Settings of a command in a TOML file: written by ``--save-config``, and done by ``run``."""

import argparse
import difflib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import existing_file
from napari_compressed_transcriptomics.repeat.command import toml_value

_NOT_SETTINGS = ("help", "save-config", "json")


def save_config(arguments: argparse.Namespace) -> None:
    """Write the settings of a command, and say where; an older file is replaced.

    Raises
    ------
    UserError
        The file cannot be written, or is no TOML by its name.
    """
    from napari_compressed_transcriptomics.io.files.atomic import replacing

    path: Path = arguments.save_config
    if path.suffix != ".toml":
        raise UserError(f"--save-config {path} must end in .toml; give the file that ending")
    lines = [f"command = {toml_value(arguments.command)}"]
    for key, action in _settings(arguments.parser):
        value = getattr(arguments, action.dest)
        if value is None or value in ([], ""):
            continue
        if isinstance(action, argparse._StoreFalseAction):
            value = not value
        lines.append(f"{key} = {toml_value(value)}")
    with replacing(path) as file:
        file.write_text("\n".join(lines) + "\n", "utf-8")
    print(path)


def words_of(path: Path, parser: argparse.ArgumentParser) -> list[str]:
    """Return the arguments that a file of settings stands for.

    Parameters
    ----------
    path : Path
    parser : ArgumentParser
        Of the whole command line.

    Raises
    ------
    UserError
        It is no TOML, names no command, or a setting that the command does not have.
    """
    try:
        content = tomllib.loads(existing_file(path).read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path.name} is not valid TOML ({error}); fix it") from None
    name = content.pop("command", None)
    commands = _commands(parser)
    if name is None:
        raise UserError(f'{path.name} names no command; begin it with command = "encode"')
    if not isinstance(name, str) or name not in commands:
        raise UserError(f"{path.name} names a command {name!r}{_instead(name, commands)}")
    known = dict(_settings(commands[name]))
    for key in content:
        if key not in known:
            raise UserError(
                f"{path.name} has a setting {key!r}, which {name} does not have"
                f"{_instead(key, known)}"
            )
    words = [str(name)]
    # What has no option's name stands first: an option with many values would take it.
    for key in sorted(content, key=lambda key: bool(known[key].option_strings)):
        words += _words(key, content[key], known[key], path)
    return words


def _commands(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """Return the commands that have settings, by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            made = action.choices.items()
            return {name: sub for name, sub in made if sub.get_default("command") is not None}
    return {}


def _settings(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.Action]]:
    """Yield the settings of a command by the names that they have in files, old names left out."""
    for action in parser._actions:
        if action.help == argparse.SUPPRESS:
            continue
        long = [name[2:] for name in action.option_strings if name.startswith("--")]
        key = long[0] if long else action.dest
        if key not in _NOT_SETTINGS:
            yield key, action


def _words(key: str, value: Any, action: argparse.Action, path: Path) -> list[str]:
    option = f"--{key}"
    if action.nargs == 0:
        if not isinstance(value, bool):
            raise UserError(f"{path.name}: {key} is {value!r}; write true or false")
        if isinstance(action, argparse.BooleanOptionalAction):
            return [option if value else f"--no-{key}"]
        return [option] if value else []
    several = value if isinstance(value, list) else [value]
    for part in several:
        if isinstance(part, bool | dict | list):
            raise UserError(f"{path.name}: {key} cannot be {value!r}; write text or numbers")
    texts = [str(part) for part in several]
    if not action.option_strings:
        return [f"./{text}" if text.startswith("-") else text for text in texts]
    if action.nargs is None:
        return [f"{option}={','.join(texts)}"]
    return [option, *texts]


def _instead(word: str, known: Any) -> str:
    """Return what to write instead, as the end of a sentence."""
    nearest = difflib.get_close_matches(str(word).replace("_", "-").lower(), list(known), 1, 0.5)
    if nearest:
        return f"; did you mean {nearest[0]}?"
    return f"; choose among {', '.join(known)}"
