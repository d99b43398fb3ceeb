"""How the parts of a dock are laid out: rows, columns and forms, each in one call."""

from typing import Any

from qtpy.QtWidgets import (
    QBoxLayout,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLayout,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from .fields import scrolling

Part = QWidget | QLayout | tuple[QWidget | QLayout, int] | int
"""A widget or layout, alone or with its stretch; a number is room that stretches so much."""


class Tab(QWidget):
    """What tabs of a dock are: made with the viewer, and the list that says of what.

    Parameters
    ----------
    viewer : napari.Viewer
    chosen : LayerChoice or ResultChoice
        Above the tabs.
    """

    def __init__(self, viewer: Any, chosen: Any):
        super().__init__()
        self._viewer = viewer
        self._chosen = chosen


def stack(parent: QWidget, *parts: Part, margins: int | None = None) -> None:
    """Lay parts out in a widget from top to bottom; None leaves the margins as usual."""
    layout = QVBoxLayout(parent)
    if margins is not None:
        layout.setContentsMargins(margins, margins, margins, margins)
    _fill(layout, parts)


def scrolled(
    parent: QWidget, *parts: Part, margins: int | None = None, width: int = 0
) -> QScrollArea:
    """Lay parts out as `stack`, in a frame that scrolls up and down and is as wide at least."""
    content = QWidget()
    content.setMinimumWidth(width)
    stack(content, *parts, margins=margins)
    area = scrolling(content)
    stack(parent, area, margins=0)
    return area


def row(*parts: Part) -> QHBoxLayout:
    """Return parts from left to right."""
    layout = QHBoxLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    _fill(layout, parts)
    return layout


def form(*rows: tuple[str | QLabel, QWidget | QLayout] | QWidget) -> QFormLayout:
    """Return labels and fields, a pair or one wide field a row; fields take a dock's width."""
    layout = QFormLayout()
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
    for pair in rows:
        if isinstance(pair, QWidget):
            layout.addRow(pair)
        else:
            layout.addRow(*pair)  # type: ignore[arg-type]
    return layout


def label(text: str, field: QWidget) -> QLabel:
    """Return a label whose key goes to a field that stands elsewhere than beside it."""
    made = QLabel(text)
    made.setBuddy(field)
    return made


def tabs(pages: dict[str, QWidget]) -> QTabWidget:
    """Return pages behind tabs with their titles."""
    made = QTabWidget()
    for title, page in pages.items():
        made.addTab(page, title)
    return made


def _fill(layout: QBoxLayout, parts: tuple[Part, ...]) -> None:
    for part in parts:
        item, stretch = part if isinstance(part, tuple) else (part, 0)
        if isinstance(item, int):
            layout.addStretch(item)
        elif isinstance(item, QLayout):
            layout.addLayout(item, stretch)
        else:
            layout.addWidget(item, stretch)
