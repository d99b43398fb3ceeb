"""How expression was read, so that it can be read again: the arguments of `read_expression`."""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError

KEY = "reading"
"""Where `Expression.source` has it."""
_FILES = ("atlas", "labels")


@dataclass(frozen=True)
class HowRead:
    """What `read_expression` was given."""

    inputs: tuple[str, ...]
    """Paths, or addresses on the web."""
    atlas: str | None = None
    labels: str | None = None
    ids: str | None = None
    impute: str | None = None
    variant: str | None = None
    surface: tuple[str, ...] = ()
    vertices_of: tuple[str, ...] = ()
    hemisphere: str | None = None

    def record(self) -> dict[str, Any]:
        """Return the entry of `Expression.source`, JSON-safe; paths are absolute."""
        found: dict[str, Any] = {}
        for name, value in asdict(self).items():
            if value in (None, ()):
                continue
            if name in _FILES:
                found[name] = {"path": _absolute(value)}
            elif isinstance(value, tuple):
                found[name] = [{"path": _absolute(path)} for path in value]
            else:
                found[name] = value
        return found

    @classmethod
    def of(cls, source: dict[str, Any]) -> "HowRead":
        """Return how the data of an `Expression.source` were read.

        Raises
        ------
        UserError
            They come from no file, or it is not known from which.
        """
        if "synthetic" in source:
            raise UserError(
                "The synthetic brain comes from no file; copy it as Python, or save it first"
            )
        record = source.get(KEY)
        try:
            assert isinstance(record, dict)
            return cls(**{name: _plain(value) for name, value in record.items()})
        except (AssertionError, KeyError, TypeError):
            raise UserError(
                "It is not known how these data were read; open them from their file again"
            ) from None

    @property
    def files(self) -> tuple[Path | str, ...]:
        """The inputs as `Command.inputs` has them."""
        return tuple(map(_path, self.inputs))

    def arguments(self, folder: Path) -> dict[str, Any]:
        """Return the arguments of `read_expression` that read the same.

        Parameters
        ----------
        folder : Path
            That paths of a record, which need not be absolute, are relative to.
        """

        def there(path: str) -> Path | str:
            return path if "://" in path else folder / path

        found: dict[str, Any] = {
            "path": [there(path) for path in self.inputs],
            "ids": self.ids,
            "impute": self.impute,
            "variant": self.variant,
            "surface": [there(path) for path in self.surface],
            "vertices_of": [there(path) for path in self.vertices_of],
            "hemisphere": self.hemisphere or "",
        }
        for name in _FILES:
            if value := getattr(self, name):
                found[name] = there(value)
        return found

    def settings(self) -> dict[str, Any]:
        """Return the options that read the same."""
        return {
            **{name: _path(getattr(self, name)) for name in _FILES if getattr(self, name)},
            "ids": self.ids,
            "impute": self.impute,
            "variant": self.variant,
            "surface": [_path(path) for path in self.surface],
            "vertices-of": [_path(path) for path in self.vertices_of],
            "hemisphere": self.hemisphere,
        }


def as_read(
    path: str | Path | Sequence[str | Path],
    surface: Sequence[str | Path],
    vertices_of: Sequence[str | Path],
    ids: str | None = None,
    **given: Any,
) -> HowRead:
    """Return how something is read, of the arguments of `read_expression`."""
    several = [path] if isinstance(path, str | Path) else list(path)
    files: dict[str, Any] = {name: str(value) if value else None for name, value in given.items()}
    return HowRead(
        tuple(map(str, several)),
        ids=ids,  # "" is a column without a header
        **files,
        surface=tuple(map(str, surface)),
        vertices_of=tuple(map(str, vertices_of)),
    )


def _plain(value: Any) -> Any:
    """Return an entry of a record as the argument that it was."""
    if isinstance(value, list):
        return tuple(part["path"] for part in value)
    return value["path"] if isinstance(value, dict) else value


def _absolute(path: str) -> str:
    return path if "://" in path else os.path.abspath(path)


def _path(path: str) -> Path | str:
    return path if "://" in path else Path(path)
