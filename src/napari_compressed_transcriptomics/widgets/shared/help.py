"""The "?" of docks: which page of the documentation each leads to."""

from collections.abc import Callable

from qtpy.QtCore import QUrl
from qtpy.QtGui import QDesktopServices
from qtpy.QtWidgets import QToolButton

DOCUMENTATION = (
    "https://napari-compressed-transcriptomics.github.io/napari-compressed-transcriptomics/"
)
FIRST_STEPS = "tutorials/first_brain/"

PAGES = {
    "Workspace": FIRST_STEPS,
    "OpenData": "howto/open-data/",
    "ChooseGene": "howto/open-data/#choose-a-gene",
    "OpenTable": "howto/open-data/#a-table-and-its-atlas",
    "OpenVertices": "howto/vertices/",
    "OpenVolumes": "howto/open-data/#volumes-with-missing-values",
    "Convert": "howto/large-data/",
    "RealSamples": "howto/real-samples/",
    "Compress": "howto/compress/",
    "Train": "howto/train/",
    "InspectReconstruction": "howto/check/",
    "Components": "howto/explain/#the-genes-of-a-component",
    "LatentSpace": "howto/explain/#samples-in-latent-space",
    "DecodeLatents": "howto/decode-latents/",
    "CompareResults": "howto/compare-results/",
    "CompareMethods": "howto/compare-methods/",
    "PredictMaps": "howto/predict-maps/",
    "BrainView": "howto/see-the-brain/",
    "FourViews": "howto/see-the-brain/#four-views",
    "CorticalSurface": "howto/surfaces/",
    "ExportFigure": "howto/figures/",
}
"""Addresses within the documentation, by the class of the dock."""


def address(dock: str) -> str:
    """Return the whole address of the page about a dock, given the name of its class."""
    return DOCUMENTATION + PAGES[dock]


def open_help(dock: str) -> None:
    """Show the page about a dock in the browser."""
    QDesktopServices.openUrl(QUrl(address(dock)))


def help_button(dock: Callable[[], str]) -> QToolButton:
    """Return a small "?" that opens the page about the dock that is named when it is pressed."""
    button = QToolButton()
    button.setText("?")
    button.setAccessibleName("Help")
    button.setToolTip("Help: open the page about this in the browser (F1)")
    button.clicked.connect(lambda: open_help(dock()))
    return button
