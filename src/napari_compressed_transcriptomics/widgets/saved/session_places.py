"""Where the files of a session are now: where they were, or by their names in a folder given."""

import os
from pathlib import Path, PureWindowsPath
from typing import Any

from napari_compressed_transcriptomics.core.provenance import file_sha256


class Places:
    """Finds what a session names.

    Whatever is found by its name is checked by its hash where it is opened.

    Parameters
    ----------
    folder : Path
        Of the session, that its paths are relative to.
    look_in : Path, optional
        Where what is not in its place is looked for, and in all folders below.

    Attributes
    ----------
    missing : list of Path
        What was asked for and is nowhere.
    """

    def __init__(self, folder: Path, look_in: Path | None = None):
        self._folder, self._look_in = folder, look_in
        self._by_name: dict[str, list[Path]] | None = None
        self._known: dict[str, Path] = {}
        self.missing: list[Path] = []

    def at(self, path: str | Path, sha256: Any = None, inside: str = "") -> Path:
        """Return where a file or folder is; where it was, if it is nowhere.

        Parameters
        ----------
        path : str or Path
            As recorded, perhaps on another system.
        sha256 : str, optional
            Which of several of its name is meant: the one with this hash.
        inside : str
            The file in it, if it is a folder, that the hash is of.
        """
        key = str(path)
        if key not in self._known:
            self._known[key] = self._found(key, sha256, inside)
        return self._known[key]

    def _found(self, path: str, sha256: Any, inside: str) -> Path:
        there = self._folder / path.replace("\0", "")
        if there.exists():
            return there
        named = self._named(PureWindowsPath(path).name)  # which parts paths of any system
        for one in named:
            file = one / inside
            if file.is_file() and file_sha256(file) == sha256:
                return one
        if named:
            return named[0]
        self.missing.append(there)
        return there

    def _named(self, name: str) -> list[Path]:
        if self._look_in is None:
            return []
        if self._by_name is None:
            self._by_name = {}
            for folder, below, files in os.walk(self._look_in):
                for one in (*below, *files):
                    self._by_name.setdefault(one, []).append(Path(folder) / one)
        return sorted(self._by_name.get(name, []))
