"""Calls as Python text: only what differs from the defaults, one argument a line where long."""

from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any

_LONGEST = 96


class Name(str):
    """Text that stands in a script as it is: the name of a variable, or an expression."""


def call(function: str, *values: Any, **named: Any) -> Name:
    """Return ``function(values, name=value)``; None and False are defaults, and left out."""
    parts = [written(value) for value in values]
    parts += [f"{n}={written(v)}" for n, v in named.items() if v is not None and v is not False]
    line = f"{function}({', '.join(parts)})"
    if len(line) <= _LONGEST or not parts:
        return Name(line)
    inner = "".join(f"    {indented},\n" for part in parts for indented in [_indented(part)])
    return Name(f"{function}(\n{inner})")


def made(request: Any, **instead: Any) -> Name:
    """Return the text that makes a dataclass again.

    Parameters
    ----------
    request : dataclass instance
    **instead
        Fields whose values are written otherwise, such as ``expression=Name("expression")``.
    """
    named = {}
    for field in fields(request):
        value = getattr(request, field.name)
        if field.name in instead:
            named[field.name] = instead[field.name]
        elif not _is_default(field, value):
            named[field.name] = value
    parts = {name: Name(written(value)) for name, value in named.items()}
    return call(type(request).__name__, **parts)


def written(value: Any) -> str:
    """Return a value as Python text; paths are text, too."""
    if isinstance(value, Name):
        return str(value)
    if isinstance(value, Path):
        return call_path(value)
    if is_dataclass(value) and not isinstance(value, type):
        return made(value)
    if isinstance(value, tuple):
        inner = ", ".join(written(part) for part in value)
        return f"({inner},)" if len(value) == 1 else f"({inner})"
    if isinstance(value, list):
        return f"[{', '.join(written(part) for part in value)}]"
    return repr(value)


def call_path(path: Path) -> str:
    """Return the text that makes a path."""
    return f"Path({str(path)!r})"


def script(imports: dict[str, str], *lines: str) -> str:
    """Return a script: what is imported (name to module, of this package), then its lines.

    What the lines do not mention is not imported.
    """
    package = "napari_compressed_transcriptomics"
    body = "\n".join(line for line in lines if line)
    modules: dict[str, list[str]] = {}
    for name, module in imports.items():
        if f"{name}(" in body:
            modules.setdefault(f"{package}.{module}" if module else package, []).append(name)
    head = ["from pathlib import Path\n"] if "Path(" in body else []
    head += [
        f"from {module} import {', '.join(sorted(modules[module]))}" for module in sorted(modules)
    ]
    return "\n".join(head) + f"\n\n{body}\n"


def _indented(part: str) -> str:
    return part.replace("\n", "\n    ")


def _is_default(field: "Field[Any]", value: Any) -> bool:
    if field.default is not MISSING:
        return value is field.default or (
            type(value) is type(field.default) and value == field.default
        )
    if field.default_factory is not MISSING:
        return bool(value == field.default_factory())
    return False
