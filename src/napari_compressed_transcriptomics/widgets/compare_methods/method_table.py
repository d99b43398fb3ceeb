"""A table of methods: mean error on held-out samples by number of components, and time."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from napari_compressed_transcriptomics.codecs.registry import METHODS
from napari_compressed_transcriptomics.study.compare_summary import (
    Mean,
    MethodSummary,
    distances,
    summarize,
)
from napari_compressed_transcriptomics.widgets.shared.layouts import stack

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.compare_score import Score

_SPLITS = {"blocks": "Blocks of space held out", "random": "Random samples held out"}
_LONG = 12


class MethodTable(QWidget):
    """A row per method below a row per split; RMSE above R2 in each cell, to fit a dock."""

    def __init__(self) -> None:
        super().__init__()
        self.table = _Table()
        stack(self, QLabel("Mean RMSE, R² below it"), self.table, margins=0)

    def show_scores(self, scores: "Sequence[Score]") -> None:
        """Show the means of scores."""
        sizes = sorted({score.latent_size for score in scores})
        table = self.table
        table.clearSpans()
        table.setRowCount(0)
        table.setColumnCount(len(sizes) + 2)
        table.setHorizontalHeaderLabels(["Method", *(f"k = {size}" for size in sizes), "Time"])
        split, apart = "", distances(scores)
        for summary in summarize(scores):
            if summary.split != split:
                split = summary.split
                words, tip = _SPLITS[split], ""
                if split in apart:
                    words, tip = f"{words}\n{apart[split].short}", str(apart[split])
                table.add([(words, tip)])
            cells = [_cell(summary.means.get(size)) for size in sizes]
            table.add([(_name(summary.method), ""), *cells, _time(summary)])
        table.fit()


class _Table(QTableWidget):
    """As high as its rows."""

    def __init__(self) -> None:
        super().__init__()
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)  # Tab goes on to the next field
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert header is not None
        rows.hide()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(30)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def add(self, cells: list[tuple[str, str]]) -> None:
        """Add a row of texts with their tooltips; one alone takes the whole width."""
        row = self.rowCount()
        self.insertRow(row)
        for column, (text, tip) in enumerate(cells):
            item = QTableWidgetItem(text)
            item.setToolTip(tip)
            side = Qt.AlignmentFlag.AlignRight if column else Qt.AlignmentFlag.AlignLeft
            item.setTextAlignment(side | Qt.AlignmentFlag.AlignVCenter)
            self.setItem(row, column, item)
        if len(cells) == 1:
            self.setSpan(row, 0, 1, self.columnCount())

    def fit(self) -> None:
        """Make rows as high as their text, and the table as high as its rows."""
        self.resizeRowsToContents()
        header, bar = self.horizontalHeader(), self.horizontalScrollBar()
        assert header is not None
        assert bar is not None
        rows = sum(self.rowHeight(row) for row in range(self.rowCount()))
        self.setFixedHeight(rows + header.sizeHint().height() + bar.sizeHint().height() + 4)


def _name(method: str) -> str:
    title = METHODS[method].title
    return title.replace(" ", "\n", 1) if len(title) > _LONG else title


def _time(summary: MethodSummary) -> tuple[str, str]:
    tip = f"{summary.seconds:,.1f} s, all fits of this method together, each in one thread"
    if summary.seconds >= 100:
        return f"{summary.seconds / 60:,.0f} min", tip
    return f"{summary.seconds:.{0 if summary.seconds >= 10 else 1}f} s", tip


def _cell(mean: Mean | None) -> tuple[str, str]:
    if mean is None:
        return "–", "Not measured"
    tip = (
        f"Held-out RMSE {mean.rmse:.6g}, and R² {mean.r2:.4f} about the mean of each gene in the "
        f"training samples; mean of {mean.n_folds} fold{'s' * (mean.n_folds > 1)}"
    )
    return f"{mean.rmse:.4f}\n{mean.r2:.3f}", tip
