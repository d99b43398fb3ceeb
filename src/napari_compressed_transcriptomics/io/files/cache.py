"""Files on the web whose content is known in advance, and the folder that keeps them."""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import git_blob_id

CACHE_VARIABLE = "COMPRESSED_TRANSCRIPTOMICS_CACHE"
PACKAGE = "napari-compressed-transcriptomics"


def cache_folder(preferred: str | Path | None = None) -> Path:
    """Return the folder for what is fetched; it need not be there yet.

    The environment variable `CACHE_VARIABLE` comes first, then `preferred` (the user's
    preference in napari), then the platform's usual place.

    Raises
    ------
    UserError
        If that begins with the name of a user whom the computer does not know (``~name``).
    """
    chosen = os.environ.get(CACHE_VARIABLE) or preferred
    if chosen:
        try:
            return Path(chosen).expanduser().absolute()
        except RuntimeError:
            raise UserError(
                f"Files cannot be kept in {chosen} (there is no such home folder); {_ELSEWHERE}"
            ) from None
    from platformdirs import user_cache_path

    return user_cache_path(PACKAGE, appauthor=False)


def mirrored(variable: str, usual: str) -> str:
    """Return an address on the web, ending in a slash: the usual one, or what a variable says.

    Raises
    ------
    UserError
        If the environment variable is set to what is no address on the web.
    """
    chosen = os.environ.get(variable) or usual
    try:
        parts = urlsplit(chosen)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # of a port or a bracket that is none
        right = False
    if not right or not chosen.isprintable() or " " in chosen:
        raise UserError(
            f"{variable} is set to {chosen!r}, which is not a web address; start it with http:// "
            "or https://, or unset it"
        )
    return chosen.rstrip("/") + "/"


@dataclass(frozen=True)
class KeptFiles:
    """Files that are fetched once, verified, and kept in a folder of the cache."""

    what: str
    """What they are, in the plural, as a sentence begins with it ("Published weights")."""
    folder: Path
    """Where they are kept, under their own names; it need not be there yet."""
    blob_ids: Mapping[str, str]
    """Git blob id of each file, by name."""
    base: Callable[[], str]
    """Returns the address on the web that `paths` go on from; a `UserError` where it is set
    wrong."""
    paths: Mapping[str, str]
    """Where each file is, by name."""
    command: str
    """The command that takes files which were fetched otherwise, ``FOLDER`` included."""

    def is_right(self, name: str) -> bool:
        """Tell whether a file is there, with the right content."""
        path = self.folder / name
        return path.is_file() and git_blob_id(path) == self.blob_ids[name]

    def fetch(self, names: Iterable[str], report: Report = silent) -> Path:
        """Fetch the files that are not there, or damaged, and return the folder.

        Nothing is written where all is well.

        Raises
        ------
        UserError
            Listing the files needed, and where to get them, if they cannot be fetched; or naming
            the folder and the setting, if it cannot be written.
        """
        from .download import DownloadError, fetch

        lacking = []
        for name in names:
            report(Progress(f"Checking {name}", 0, 1))
            if not self.is_right(name):
                lacking.append(name)
        if lacking:
            self._make_writable()
        for i, name in enumerate(lacking):
            try:
                fetch(
                    self.base() + self.paths[name], self.folder / name, self.blob_ids[name], report
                )
            except DownloadError as error:
                raise UserError(
                    f"{name} was not fetched, as {error}; get {self._addresses(lacking[i:])} by "
                    f"other means, then run `{self.command}` with the folder that holds what you "
                    "got"
                ) from None
            except OSError as error:
                raise UserError(self._not_written(error.strerror or str(error))) from None
        return self.folder

    def take(self, path: str | Path, suffixes: tuple[str, ...]) -> list[Path]:
        """Copy one of the files, or all in a folder, into the cache; return the copies.

        They are known by their content, whatever their names.

        Parameters
        ----------
        path : str or Path
        suffixes : tuple of str
            What the names of files in a folder end in; others are not read.

        Raises
        ------
        UserError
            There is none of the files at `path`, or the cache cannot be written.
        """
        from .atomic import replacing
        from .download import MAX_BYTES
        from .files import existing_file, looks_like

        path = Path(path)
        if path.is_dir():
            files = sorted(p for p in path.iterdir() if p.name.endswith(suffixes) and p.is_file())
            files = [file for file in files if file.stat().st_size <= MAX_BYTES]
        else:
            files = [existing_file(path)]
        names = {blob_id: name for name, blob_id in self.blob_ids.items()}
        found = {names[i]: file for file in files if (i := git_blob_id(file)) in names}
        if not found:
            kind = f"{self.what[0].lower()}{self.what[1:]}"
            if path.is_dir():
                told = f"{path} holds none of the {kind} ({', '.join(self.blob_ids)})"
            else:
                with path.open("rb") as opened:
                    told = f"{path} is not one of the {kind} but {looks_like(opened.read(64))}"
            raise UserError(f"{told}; get {self._addresses(self.blob_ids)}")
        self._make_writable()
        for name, file in found.items():
            if not self.is_right(name):
                with replacing(self.folder / name) as copy:
                    shutil.copyfile(file, copy)
                    if git_blob_id(copy) != self.blob_ids[name]:
                        raise UserError(f"{file} changed while it was copied; try again")
        return [self.folder / name for name in found]

    def _addresses(self, names: Iterable[str]) -> str:
        """Return where files are, those of one folder together."""
        folders: dict[str, list[str]] = {}
        for name in names:
            folder, _, file = (self.base() + self.paths[name]).rpartition("/")
            folders.setdefault(folder, []).append(file)
        return " and ".join(f"{', '.join(files)} from {on}/" for on, files in folders.items())

    def _make_writable(self) -> None:
        from napari_compressed_transcriptomics.io.files.overwriting import check_writable

        try:
            check_writable(self.folder)
            self.folder.mkdir(parents=True, exist_ok=True)
        except UserError as error:
            raise UserError(self._not_written(str(error).split(";")[0])) from None
        except OSError as error:
            raise UserError(self._not_written(error.strerror or str(error))) from None

    def _not_written(self, reason: str) -> str:
        return f"{self.what} cannot be kept in {self.folder} ({reason}); {_ELSEWHERE}"


_ELSEWHERE = (
    f"set {CACHE_VARIABLE}, or the cache folder in napari's preferences, to a folder that can be "
    "written"
)
