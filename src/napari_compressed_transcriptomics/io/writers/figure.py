"""A figure or movie to its file, with a record beside it by which it is drawn again."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.provenance import file_sha256, portable, versions
from napari_compressed_transcriptomics.figures.request import FigureRequest, Movie
from napari_compressed_transcriptomics.io.files.atomic import replacing_files, write_json
from napari_compressed_transcriptomics.io.files.csv_style import SAFE, Style
from napari_compressed_transcriptomics.io.files.figure_file import check_figure_name, save_figure
from napari_compressed_transcriptomics.io.files.files import existing_file, read_json
from napari_compressed_transcriptomics.io.files.movie_file import check_movie_name, save_movie
from napari_compressed_transcriptomics.io.files.overwriting import check_sidecar, check_targets

from .figure_inputs.input import AS_IT_IS, Input, Reading

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class FigureRecord:
    """All that is needed to draw a figure again."""

    request: FigureRequest
    inputs: tuple[str, ...] = ()
    """Paths or addresses; empty of what was shown in a window."""
    reading: Reading = AS_IT_IS
    movie: Movie | None = None
    source: dict[str, Any] | None = None
    """Path and SHA-256 of what was read, as `Expression.source`."""

    def content(self) -> dict[str, Any]:
        """Return what stands in the sidecar, JSON-safe; `of_file` reads it."""
        reading = asdict(self.reading)
        for role in ("atlas", "labels", "model"):
            if reading[role] is not None:
                reading[role] = {"path": _absolute(reading[role])}
        for role in ("surface", "vertices_of"):
            reading[role] = [{"path": _absolute(path)} for path in reading[role]]
        return {
            "kind": "figure",
            "figure": self.request.record(),
            "movie": None if self.movie is None else asdict(self.movie),
            "inputs": [{"path": _absolute(path)} for path in self.inputs],
            "reading": reading,
            "source": self.source or {},
            "versions": _versions(),
        }

    @classmethod
    def of_file(cls, path: Path) -> "FigureRecord":
        """Return what a sidecar says; paths that are relative begin at its folder."""
        record = read_json(existing_file(path))
        if record.get("kind") != "figure" or not isinstance(record.get("figure"), dict):
            raise UserError(
                f"{path.name} holds no settings of a figure; give the JSON saved with one"
            )
        try:
            reading: dict[str, Any] = {
                name: _all_found(value, path) for name, value in record["reading"].items()
            }
            inputs = tuple(_found(part, path) for part in record["inputs"])
            movie = record.get("movie")
            return cls(
                FigureRequest.of_record(record["figure"]),
                inputs,
                Reading(**reading),
                None if movie is None else Movie(**movie),
                dict(record.get("source") or {}),
            )
        except (AttributeError, KeyError, TypeError):
            raise UserError(f"{path.name} is damaged; export the figure again") from None

    def check_source(self, now: dict[str, Any]) -> None:
        """Raise a `UserError` where what was read is not what it was."""
        for role, before in (self.source or {}).items():
            if not isinstance(before, dict) or before.get("sha256") is None:
                continue
            same = now.get(role, {}).get("sha256") == before["sha256"]
            if not same:
                name = Path(str(before.get("path"))).name
                raise UserError(
                    f"{name} ({role}) is not what the figure was drawn from; draw it again, "
                    "without --settings"
                )


def sources_of(inputs: Iterable[Input]) -> dict[str, Any]:
    """Return what inputs were read from, as `Expression.source`; those of several get numbers."""
    several = list(inputs)
    if len(several) == 1:
        return dict(several[0].source)
    return {
        f"{role} {number}": entry
        for number, one in enumerate(several, 1)
        for role, entry in one.source.items()
    }


def check_figure_path(path: Path, record: FigureRecord) -> None:
    """Raise a `UserError` unless a figure can be written at `path`, before it is drawn."""
    (check_figure_name if record.movie is None else check_movie_name)(path)
    sidecar = sidecar_of(path)
    read = {str(number): {"path": str(part)} for number, part in enumerate(record.inputs)}
    check_targets(path.parent, [path.name, sidecar.name], {**(record.source or {}), **read})
    check_sidecar(sidecar)


def write_figure(
    figure: "Figure", path: Path, record: FigureRecord, style: Style = SAFE
) -> list[Path]:
    """Write a figure and the record beside it, both or neither; return their paths."""
    return _write(
        path,
        record,
        style,
        lambda unfinished: save_figure(figure, unfinished, record.request.dpi, _within(record)),
    )


def write_movie(
    frames: "Iterable[np.ndarray]", path: Path, record: FigureRecord, style: Style = SAFE
) -> list[Path]:
    """Write a movie and the record beside it, both or neither; return their paths."""
    assert record.movie is not None
    per_second = record.movie.per_second
    return _write(
        path, record, style, lambda unfinished: save_movie(frames, unfinished, per_second)
    )


def _write(
    path: Path, record: FigureRecord, style: Style, save: Callable[[Path], None]
) -> list[Path]:
    check_figure_path(path, record)
    sidecar = sidecar_of(path)
    with replacing_files(path.parent, [path.name, sidecar.name], last=sidecar.name) as folder:
        save(folder / path.name)
        about = {"file": path.name, "sha256": file_sha256(folder / path.name)}
        write_json(folder / sidecar.name, record.content() | about, style)
    return [path, sidecar]


def sidecar_of(path: Path) -> Path:
    """Return ``FIG.svg.json`` of ``FIG.svg``: each format has its own."""
    return path.with_name(path.name + ".json")


def _within(record: FigureRecord) -> dict[str, Any]:
    """Return what stands within the file: nothing that depends on where it lies."""
    source: dict[str, Any] = portable(record.source or {})
    hashes = {role: part.get("sha256") for role, part in source.items() if isinstance(part, dict)}
    return {"figure": record.request.record(), "sha256": hashes, "versions": _versions()}


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {**versions(), **{name: version(name) for name in ("matplotlib", "nilearn")}}


def _absolute(path: str) -> str:
    return path if "://" in path else str(Path(path).resolve())


def _all_found(value: Any, record: Path) -> Any:
    """Return paths, alone or in a list, as `_found`; and what is none as it is."""
    if isinstance(value, list):
        return [_all_found(part, record) for part in value]
    return _found(value, record) if isinstance(value, dict) else value


def _found(part: Any, record: Path) -> str:
    path = part["path"]
    if not isinstance(path, str):
        raise TypeError
    return path if "://" in path else str(record.parent / path)
