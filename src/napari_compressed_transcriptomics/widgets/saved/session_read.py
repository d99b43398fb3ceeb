"""What a session's file names, read and checked; nothing is shown yet."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import file_sha256
from napari_compressed_transcriptomics.io.files.files import existing_file, read_json
from napari_compressed_transcriptomics.reconstruction.values_elsewhere import (
    Origin,
    elsewhere,
    waits_for,
)

from .session_drawn import Drawn
from .session_places import Places
from .session_record import FORMAT_VERSION
from .session_studies import read_studies

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction


@dataclass
class SavedSession:
    """A session as far as what it names was found."""

    path: Path
    record: dict[str, Any]
    """As the file has it."""
    places: Places
    """Where what it names is now."""
    results: "list[Reconstruction | None]" = field(default_factory=list)
    """None where one was not found."""
    data: "list[Expression | None]" = field(default_factory=list)
    studies: dict[str, Any] = field(default_factory=dict)
    """As of `session_studies.read_studies`. Values are (Comparison or Prediction, Path)."""
    drawn: Drawn | None = None
    """Layers that are kept by their numbers; None where there are none, or they were not found."""
    failed: dict[int, UserError] = field(default_factory=dict)
    """Of layers, by their number, whose server failed."""
    notes: list[str] = field(default_factory=list)
    """What was not found, or has changed, one sentence each."""


def check_session(path: Path) -> dict[str, Any]:
    """Return the content of a session's file.

    Raises
    ------
    UserError
        It is none of ours, damaged, or of a newer version.
    """
    record = read_json(existing_file(path))
    version = record.get("format_version")
    if record.get("kind") != "session" or type(version) is not int:
        raise UserError(f"{path.name} is not a saved session; choose another file")
    if version > FORMAT_VERSION:
        raise UserError(
            f"{path.name} has session format {version}, this program reads up to {FORMAT_VERSION}; "
            "update napari-compressed-transcriptomics"
        )
    lists = ("results", "data", "layers", "docks")
    if any(not _of_dicts(record.get(key)) for key in lists):
        raise UserError(f"{path.name} is damaged; save the session again")
    return record


def _of_dicts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


def read_session(path: Path, report: Report = silent, look_in: Path | None = None) -> SavedSession:
    """Read results and data that a session names; what is missing or has changed is noted.

    What is not where it was is looked for, by its name and hash, in a folder if one is given.

    Raises
    ------
    UserError
        As `check_session`.
    """
    from napari_compressed_transcriptomics.io.writers.reopen.result import open_result

    path = path.resolve()
    found = SavedSession(path, check_session(path), Places(path.parent, look_in))
    todo = len(found.record["results"]) + len(found.record["data"])
    for entry in found.record["results"]:
        report(Progress("Opening results", len(found.results), todo))
        places = [one.expression.parcellation for one in found.results if one is not None]
        try:
            sha256 = entry.get("sha256")
            folder = found.places.at(str(entry.get("path")), sha256, "summary.json")
            result = open_result(folder, places)
            if file_sha256(folder / "summary.json") != sha256:
                found.notes.append(f"{folder} was saved again after the session")
        except UserError as error:
            found.notes.append(f"A result is left out: {error}")
            found.results.append(None)
        else:
            found.results.append(result)
    for entry in found.record["data"]:
        report(Progress("Reading data", len(found.results) + len(found.data), todo))
        try:
            found.data.append(_data(found, entry, report))
        except UserError as error:
            found.notes.append(f"{entry.get('name')} is left out: {error}")
            found.data.append(None)
    _fetch_genes(found, report)
    studies = found.record.get("studies")
    found.studies, notes = read_studies(studies, found.places)
    found.notes += notes
    try:
        found.drawn = _drawn(found)
    except UserError as error:
        found.notes.append(f"Layers drawn by hand are left out: {error}")
    for entry in found.record["layers"]:
        file = entry.get("file")
        if isinstance(file, dict):
            found.places.at(str(file.get("path")), file.get("sha256"))
    return found


def _fetch_genes(found: SavedSession, report: Report) -> None:
    """Have genes come from a server here, so that no window waits for them; they are kept."""
    entries = found.record["layers"]
    for number, entry in enumerate(entries):
        index, gene = entry.get("data"), entry.get("gene")
        data = found.data[index] if type(index) is int and 0 <= index < len(found.data) else None
        if data is None or gene not in data.genes:
            continue
        column = data.column(gene)
        try:
            if waits_for(data.values, column):
                report(Progress("Fetching genes", number, len(entries)))
                data.values[:, column]
        except UserError as error:
            found.failed[number] = error


def _drawn(found: SavedSession) -> Drawn | None:
    """Read the numbers of layers that are in no file."""
    entry = found.record.get("drawn")
    if not isinstance(entry, dict):
        return None
    path = found.places.at(str(entry.get("path")), entry.get("sha256"))
    drawn = Drawn.read(path)
    if file_sha256(path) != entry.get("sha256"):
        raise UserError(f"{path} is of another session, or has changed since this one was saved")
    return drawn


def _data(found: SavedSession, entry: dict[str, Any], report: Report) -> "Expression":
    """Read data, and bring them to the results that are of them."""
    source = entry.get("source")
    source = source if isinstance(source, dict) else {}
    hashed = _sha256(source)
    whole = None
    for result in found.results:
        values = None if result is None else elsewhere(result.expression)
        if result is None or values is None or values.origin is None:
            continue
        if _sha256(result.expression.source) != hashed:
            continue
        try:
            if whole is None:
                whole = values.fetch(_moved(found, values.origin, source), report)
            else:  # of the same file, which is not read again
                values.bring(values.origin.checked(whole)[1])
        except UserError as error:
            if whole is not None:  # else reading them alone says what is wrong
                found.notes.append(str(error))
    return whole if whole is not None else _alone(found, source, report)


def _alone(found: SavedSession, source: dict[str, Any], report: Report) -> "Expression":
    """Read data of which there is no result."""
    from napari_compressed_transcriptomics.io import read_expression
    from napari_compressed_transcriptomics.io.files.how_read import HowRead

    if "synthetic" in source:
        from napari_compressed_transcriptomics.core.synthetic import made_again

        return made_again(source)
    how = HowRead.of(source)
    given = {
        key: _at(found.places, value, _sha256(source))
        for key, value in how.arguments(found.path.parent).items()
        if value
    }
    data = read_expression(**given, report=report)
    if _sha256(data.source) != _sha256(source):
        raise UserError("it has changed since the session was saved; open it again")
    return replace(data)


def _at(places: Places, value: Any, sha256: Any) -> Any:
    """Return an argument of `read_expression` with paths as they are now."""
    if isinstance(value, list):
        return [_at(places, one, sha256) for one in value]
    return places.at(value, sha256) if isinstance(value, Path) else value


def _moved(found: SavedSession, origin: Origin, source: dict[str, Any]) -> Path | None:
    """Return where the originals of a result are now; None where they are where they were."""
    from napari_compressed_transcriptomics.io.files.how_read import HowRead

    if origin.found:
        return None
    inputs = [found.places.at(path, _sha256(source)) for path in HowRead.of(source).inputs]
    return inputs[0] if len(inputs) == 1 else inputs[0].parent


def _sha256(source: dict[str, Any]) -> Any:
    """Return what tells data of a source."""
    entry = source.get("expression")
    if isinstance(entry, dict) and "sha256" in entry:
        return entry["sha256"]
    return repr([source.get("synthetic"), source.get("regions")])
