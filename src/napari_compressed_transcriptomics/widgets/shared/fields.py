"""Fields that several docks have."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QFileDialog,
    QFormLayout,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QSpinBox,
    QStyle,
    QStyleOptionComboBox,
    QStylePainter,
    QTableView,
    QWidget,
)

from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec

_WIDEST = 340  # pixels


def more_settings(title: str, form: QFormLayout) -> tuple[QCheckBox, QWidget]:
    """Return a box to check, and the form, which is seen while it is checked."""
    box, settings = QCheckBox(title), QWidget()
    form.setContentsMargins(0, 0, 0, 0)
    settings.setLayout(form)
    settings.setVisible(False)
    box.toggled.connect(settings.setVisible)
    return box, settings


def push_button(text: str, tip: str = "", call: Callable[..., Any] | None = None) -> QPushButton:
    """Return a button that says what it does when the mouse rests on it, and calls a function."""
    made = QPushButton(text)
    made.setToolTip(tip)
    if call is not None:
        made.clicked.connect(call)
    return made


def check_box(text: str, tip: str) -> QCheckBox:
    """Return a box to tick, and what it does when the mouse rests on it."""
    made = QCheckBox(text)
    made.setToolTip(tip)
    return made


class Choice(QComboBox):
    """A list that may be narrower than its entries: of a long one the middle is left out.

    Both ends tell results apart: the data's name, and the number of components.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(8)

    def paintEvent(self, event: Any) -> None:
        """Draw the list as its style does, with as much of the entry as there is room for."""
        option, painter = QStyleOptionComboBox(), QStylePainter(self)
        self.initStyleOption(option)
        if self.currentIndex() < 0:
            option.currentText = self.placeholderText()
        style = self.style()
        assert style is not None
        room = style.subControlRect(
            QStyle.ComplexControl.CC_ComboBox, option, QStyle.SubControl.SC_ComboBoxEditField, self
        )
        cut = Qt.TextElideMode.ElideMiddle
        option.currentText = self.fontMetrics().elidedText(
            option.currentText, cut, room.width() - 4
        )
        painter.drawComplexControl(QStyle.ComplexControl.CC_ComboBox, option)
        painter.drawControl(QStyle.ControlElement.CE_ComboBoxLabel, option)


def choice(labels: dict[str, str], tip: str = "") -> Choice:
    """Return a list of labels, whose data are the keys, and what it is for."""
    combo = Choice()
    combo.setToolTip(tip)
    for key, label in labels.items():
        combo.addItem(label, key)
    return combo


def text_field(if_empty: str, tip: str = "") -> QLineEdit:
    """Return a field for a line of text, what it means while it is empty, and what it is for."""
    line = QLineEdit()
    line.setPlaceholderText(if_empty)
    line.setToolTip(tip)
    return line


def count(at_zero: str = "0", tip: str = "") -> QSpinBox:
    """Return a field for a whole number, which says `at_zero` for 0, and what it is for."""
    box = QSpinBox()
    box.setMaximum(2**31 - 1)
    box.setSpecialValueText(at_zero)
    box.setToolTip(tip)
    return box


class ClusterField(QLineEdit):
    """Where work is done: by the workers of a scheduler of Dask, or here.

    Parameters
    ----------
    what : str
        That the workers do.
    """

    def __init__(self, what: str) -> None:
        super().__init__()
        self.setPlaceholderText("this machine")
        self.setToolTip(
            f"Optional: the address of a scheduler of Dask distributed, such as "
            f"tcp://10.0.0.5:8786, whose workers {what}. They must see files of stores at the same "
            "paths."
        )

    @property
    def scheduler(self) -> str | None:
        """The address; None is this machine."""
        return self.text().strip() or None


def component_box() -> QSpinBox:
    """Return a field for a component, counted from 1; its maximum is still to be set."""
    box = QSpinBox()
    box.setRange(1, 1)
    return box


def scrolling(content: QWidget) -> QScrollArea:
    """Return a frame that scrolls its content up and down, and is as wide as that needs.

    Where that is more than a window of 1,024 pixels has beside napari's own parts, it scrolls
    sideways, too: else the window would grow beyond the screen.
    """
    area = _Scrolling()
    content.installEventFilter(area)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(content)
    return area


class _Scrolling(QScrollArea):
    def eventFilter(self, watched: Any, event: Any) -> bool:
        content, bar = self.widget(), self.verticalScrollBar()
        if event.type() == QEvent.Type.LayoutRequest and content is not None and bar is not None:
            needed = max(content.minimumSizeHint().width(), content.minimumWidth())
            if content.findChild(_Scrolling) is None:  # which would scroll by itself
                needed = min(needed + bar.sizeHint().width(), _WIDEST)
            self.setMinimumWidth(needed + 2 * self.frameWidth())  # which is napari's style's
        return super().eventFilter(watched, event)


def wrapping_label(text: str = "") -> QLabel:
    """Return a label that breaks its lines."""
    label = QLabel(text)
    label.setWordWrap(True)
    return label


def ask_and_save_model(parent: QWidget, codec: "Codec") -> str:
    """Ask for a file and save a model there; return what to say, or an empty string."""
    from napari_compressed_transcriptomics.codecs.models.model_file import save_model

    path, _ = QFileDialog.getSaveFileName(
        parent, "Save model", "model.safetensors", "Models (*.safetensors)"
    )
    if path:
        with user_errors_shown():
            save_model(codec, path)
            return f"Saved {path}"
    return ""


def plain_table(table: QTableView, column: int, order: Qt.SortOrder) -> QHeaderView:
    """Let one row be chosen, and a click on a title sort; return the header.

    Parameters
    ----------
    table : QTableView
        With its model.
    column, order
        By which column it is sorted at first, and how.
    """
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
    table.setTabKeyNavigation(False)  # Tab goes on to the next field
    table.setShowGrid(False)
    table.setWordWrap(False)
    rows, header = table.verticalHeader(), table.horizontalHeader()
    assert rows is not None
    assert header is not None
    rows.hide()
    rows.setDefaultSectionSize(table.fontMetrics().height() + 6)
    header.setHighlightSections(False)
    header.setSortIndicator(column, order)
    table.setSortingEnabled(True)
    return header
