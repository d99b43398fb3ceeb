"""From data to a first result."""

from typing import Any

from napari_compressed_transcriptomics.widgets.shared.dock import open_dock


def compress_now(viewer: Any) -> None:
    """Go to Compress and run it on the current data, as it is set there."""
    dock = open_dock(viewer, "Compress")
    if dock is not None:
        dock.bar.run.click()
