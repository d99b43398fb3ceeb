"""The pages of the main dock, in the order of work."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal

_WIDGETS = "napari_compressed_transcriptomics.widgets"


@dataclass(frozen=True)
class Page:
    """A dock that is shown as a page."""

    name: str
    """As the manifest has it (``display_name``)."""
    tab: str
    """What its tab says, where a step has several pages."""
    place: str
    """Module, within `widgets`, and class."""
    needs: Literal["", "data", "result"] = ""
    """Without which there is nothing to do."""

    @property
    def dock(self) -> str:
        """The name of its class."""
        return self.place.partition(":")[2]

    def make(self, viewer: Any) -> Any:
        """Import and make the dock."""
        module = import_module(f"{_WIDGETS}.{self.place.partition(':')[0]}")
        return getattr(module, self.dock)(viewer)


STEPS: dict[str, tuple[Page, ...]] = {
    "Data": (
        Page("Open data", "Open", "open_data.start:OpenData"),
        Page("Choose gene", "Genes", "choose_gene:ChooseGene", "data"),
        Page("Open expression table", "Table", "open_data.table:OpenTable"),
        Page("Open expression on vertices", "Vertices", "open_data.vertices:OpenVertices"),
        Page("Open expression volumes", "Maps", "open_data.volumes:OpenVolumes"),
        Page("Convert to store", "Store", "convert:Convert"),
        Page("Real samples", "Real", "real_samples:RealSamples"),
    ),
    "Compress": (
        Page("Compress", "Compress", "compress:Compress", "data"),
        Page("Train autoencoder", "Train", "train:Train", "data"),
    ),
    "Check": (
        Page(
            "Inspect reconstruction",
            "Reconstruction",
            "inspect.dock:InspectReconstruction",
            "result",
        ),
    ),
    "Explain": (
        Page("Components", "Components", "components.dock:Components", "result"),
        Page("Latent space", "Latent space", "latent_space:LatentSpace", "result"),
        Page("Decode latents", "Decode", "decode_latents:DecodeLatents"),
    ),
    "Compare": (
        Page("Compare two results", "Two results", "compare_results:CompareResults", "result"),
        Page("Compare methods", "Methods", "compare_methods.dock:CompareMethods", "data"),
    ),
    "Predict": (Page("Predict maps", "Maps", "predict_maps.dock:PredictMaps", "data"),),
    "View": (
        Page("Brain view", "Brain", "brain_view:BrainView"),
        Page("Cortical surface", "Surface", "cortical_surface:CorticalSurface"),
        Page("Export figure", "Figure", "export_figure:ExportFigure"),
    ),
}
"""Steps of work, each with its pages."""


def step_of(name: str) -> str | None:
    """Return the step that has a page, or None."""
    return next((s for s, pages in STEPS.items() if name in [p.name for p in pages]), None)
