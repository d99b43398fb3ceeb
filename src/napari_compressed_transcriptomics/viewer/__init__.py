"""All that knows napari's viewer: layers, their content, colour bars, picking."""

from napari_compressed_transcriptomics.core.installation import require

NAPARI = (0, 9)
"""The first napari that has what is used here, as pyproject.toml says."""

# Before modules here ask an older one for what it lacks, which would end in a traceback.
require("napari", NAPARI, "This plugin")
