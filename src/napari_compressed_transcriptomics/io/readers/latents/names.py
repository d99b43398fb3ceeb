"""What names of latent images say: data, method, component, voxel size."""

import re
from pathlib import Path
from typing import NamedTuple

from napari_compressed_transcriptomics.io.files.files import stem

# As published: abagen_pca0_8mm is the first component of PCA, at 8 mm.
_NAME = re.compile(
    r"(?:(?P<data>.+)_)?(?P<method>[A-Za-z][A-Za-z-]*)(?P<component>\d{1,3})"
    r"(?:_(?P<size>\d+(?:\.\d+)?mm))?"
)


class LatentName(NamedTuple):
    """What a file's name says."""

    data: str
    """What comes before the method (``abagen``), or nothing."""
    method: str
    """As written, lower case (``pca``, ``ae``); the whole name where it follows no pattern."""
    component: int | None
    """As written; None where the name says none."""
    size: str
    """``8mm``, or nothing."""

    @property
    def group(self) -> tuple[str, str, str]:
        """What the components of one method share."""
        return self.data, self.method, self.size


def latent_name(path: str | Path) -> LatentName:
    """Read data, method, component and voxel size off the name of a file."""
    found = _NAME.fullmatch(stem(path))
    if found is None:
        return LatentName("", stem(path), None, "")
    component = int(found["component"])
    return LatentName(found["data"] or "", found["method"].lower(), component, found["size"] or "")
