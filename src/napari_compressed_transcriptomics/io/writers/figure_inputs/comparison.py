"""What figures show of a comparison's folder."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.io.files.files import source_of
from napari_compressed_transcriptomics.io.writers.comparison_resumed import read_scores

from .input import Input, Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class ComparisonInput(Input):
    """The scores of a comparison's folder."""

    def __init__(self, folder: Path, reading: Reading, report: Report):
        self.name = folder.resolve().name
        self.source = {"comparison": source_of(folder / "comparison.json")}
        self._scores = read_scores(folder)

    def map(self, what: str) -> BrainMap:
        """Refuse: a comparison has no maps."""
        raise UserError(f"{self.name} is a comparison, which has no maps; choose --what comparison")

    def plot(self, what: str) -> "Callable[..., Figure]":
        """Return the plot ``comparison``: error against the number of components."""
        from napari_compressed_transcriptomics.figures.comparison_plots import error_by_size

        if what != "comparison":
            raise UserError(f"{what} is not a plot of a comparison; choose comparison")
        return partial(error_by_size, self._scores)
