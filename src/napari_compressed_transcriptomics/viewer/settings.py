"""The user's preferences (napari's Preferences window), with defaults where there is none."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

PLUGIN = "napari-compressed-transcriptomics"


@dataclass(frozen=True)
class Preferences:
    """What the user has set under Preferences."""

    device: str = "auto"
    """``auto``, ``cuda``, ``mps`` or ``cpu``."""
    block_memory_mb: int = 64
    """Memory in MB that one block of work may take."""
    cache_folder: str = ""
    """Folder for downloaded models; empty for the platform's usual place."""
    again: str = "replace"
    """``replace``: a run takes the layers of an earlier result of the same data away; ``beside``:
    they stay."""

    @property
    def block_bytes(self) -> int:
        """Memory in bytes that one block of work may take."""
        return self.block_memory_mb * 2**20

    @property
    def cache_path(self) -> Path:
        """The cache folder, resolved; the environment variable for it comes first."""
        from napari_compressed_transcriptomics.io.files.cache import cache_folder

        return cache_folder(self.cache_folder)


def preferences() -> Preferences:
    """Read the preferences from napari; defaults where the plugin is not registered."""
    from napari.settings import get_plugin_settings

    found: Any = get_plugin_settings(PLUGIN)
    groups = [getattr(found, name, None) for name in ("computing", "showing")]
    names = [field.name for field in fields(Preferences)]
    known = {n: getattr(group, n) for group in groups for n in names if hasattr(group, n)}
    return Preferences(**known)
