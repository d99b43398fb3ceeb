"""What figures show of a folder of results that were decoded from latents alone."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.brain_space import recorded, space_of
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.io.files.files import source_of

from .input import UNITS, Input, Reading

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class DecodedInput(Input):
    """Components, and any gene of the model; there are neither originals nor errors."""

    def __init__(self, folder: Path, reading: Reading, report: Report):
        from napari_compressed_transcriptomics.io.writers.reopen.result import open_result

        self.name = folder.resolve().name
        self.made = open_result(folder)
        self.notes = tuple(self.made.notes)
        space = reading.space or space_of(self.made.expression.source)
        self.source = {"results": source_of(folder / "summary.json"), **recorded(space)}

    def map(self, what: str) -> BrainMap:
        """Return ``reconstructed:GENE`` or ``component:K``."""
        kind, _, name = what.partition(":")
        place = self.made.expression.parcellation
        if kind == "reconstructed" and name:
            label = f"{name} expression {UNITS}"
            title = f"{name} decoded from latents"
            return BrainMap(self.made.gene(name), place, title, label, group=f"gene {name}")
        if kind == "component" and name:
            n = self.made.codec.latent_size
            if not (name.isascii() and name.isdecimal() and 1 <= int(name) <= n):
                raise UserError(f"{self.name} has components 1 to {n}, no {name!r}; choose one")
            title = f"component {name}"
            values = self.made.latents[:, int(name) - 1]
            return BrainMap(
                values, place, title, f"{title} (no unit)", kind="signed", group=title
            )  # fmt: skip
        raise self._neither(what)

    def plot(self, what: str) -> "Callable[..., Figure]":
        """Return the plot ``latents``."""
        from napari_compressed_transcriptomics.figures.latent_plot import latent_scatter
        from napari_compressed_transcriptomics.reconstruction.latent_space import Coloring

        latents = self.made.latents
        if what != "latents":
            raise self._neither(what)
        if latents.shape[1] < 2:
            raise UserError(f"{self.name} has one component; a plane of latents needs two")
        last = min(3, latents.shape[1])
        coloring = Coloring(f"component {last} (no unit)", latents[:, last - 1])
        return partial(latent_scatter, latents[:, :2], coloring)

    def _neither(self, what: str) -> UserError:
        return UserError(
            f"{self.name} was decoded from latents alone, so there is no {what} of it; choose "
            "--what reconstructed:NAME, component:K or latents"
        )
