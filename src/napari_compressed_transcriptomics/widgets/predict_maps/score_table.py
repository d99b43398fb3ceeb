"""A table of how well each target was predicted, sorted by any column."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import QHeaderView, QTableView

from napari_compressed_transcriptomics.study.regressors import REGRESSORS
from napari_compressed_transcriptomics.viewer.prediction_layers import feature_title
from napari_compressed_transcriptomics.widgets.shared.fields import plain_table

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.predict import Score


class _Column(NamedTuple):
    title: str
    meaning: str
    text: "Callable[[Score], str]"
    value: "Callable[[Score], Any]"
    greatest_first: bool = False


_NOTHING = "–"


def _number(value: float, digits: int) -> str:
    return _NOTHING if np.isnan(value) else f"{value:z.{digits}f}"  # z: no -0.00


_COLUMNS = (
    _Column("Target", "The map predicted", lambda s: s.target, lambda s: s.target.casefold()),
    _Column(
        "From",
        "The method, and how many components (or genes)",
        feature_title,
        lambda s: (s.method, s.latent_size),
    ),
    _Column(
        "R²",
        "Of samples held out: 1 is perfect, 0 as good as the mean, below is worse",
        lambda s: _number(s.r2, 2),
        lambda s: s.r2,
        greatest_first=True,
    ),
    _Column(
        "p FDR",
        "Share of surrogate maps (as smooth and symmetric, with the same steps between "
        "compartments) predicted at least as well, corrected for the number of targets",
        lambda s: _number(s.p_fdr, 3),
        lambda s: s.p_fdr,
    ),
    _Column(
        "95 %",
        "Confidence interval of R², over folds and repeats; sorted by its lower end",
        lambda s: f"{_number(s.r2_low, 2)} to {_number(s.r2_high, 2)}",
        lambda s: s.r2_low,
        greatest_first=True,
    ),
    _Column(
        "p", "The same, not corrected", lambda s: _number(s.p_spatial, 3), lambda s: s.p_spatial
    ),
    _Column(
        "Regression",
        " or ".join(REGRESSORS.values()),
        lambda s: REGRESSORS[s.regressor],
        lambda s: REGRESSORS[s.regressor],
    ),
    _Column("Held out", "blocks of space, or random samples", lambda s: s.split, lambda s: s.split),
)
_R2, _P = 2, ("p FDR", "p")


class ScoreModel(QAbstractTableModel):
    """Rows of `Score`, NaN last however they are sorted."""

    def __init__(self) -> None:
        super().__init__()
        self.scores: list[Score] = []
        self.doubt = ""
        self._sorted_by = (_R2, Qt.SortOrder.DescendingOrder)

    def set_scores(self, scores: "Sequence[Score]") -> None:
        """Show other scores."""
        self.scores = list(scores)
        self.sort(*self._sorted_by)

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column."""
        self._sorted_by = column, order
        self.beginResetModel()
        value = _COLUMNS[column].value
        known = [s for s in self.scores if value(s) == value(s)]
        unknown = [s for s in self.scores if value(s) != value(s)]
        known.sort(key=value, reverse=order == Qt.SortOrder.DescendingOrder)
        self.scores = known + unknown
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | None = None) -> int:
        """Count scores."""
        return 0 if parent is not None and parent.isValid() else len(self.scores)

    def columnCount(self, parent: QModelIndex | None = None) -> int:
        """Count columns."""
        return 0 if parent is not None and parent.isValid() else len(_COLUMNS)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        """Return text, or how it is aligned."""
        score, column = self.scores[index.row()], index.column()
        if role == Qt.ItemDataRole.DisplayRole:
            return _COLUMNS[column].text(score)
        if role == Qt.ItemDataRole.ToolTipRole:
            how = f"{feature_title(score)}, {REGRESSORS[score.regressor]}, {score.split}"
            return f"{score.target}: {how}"
        if role == Qt.ItemDataRole.TextAlignmentRole and _R2 <= column < _R2 + 4:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        """Return a column's title, tooltip or first order."""
        if orientation != Qt.Orientation.Horizontal:
            return None
        column = _COLUMNS[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return column.title
        if role == Qt.ItemDataRole.ToolTipRole:
            doubt = f"\n{self.doubt}." if self.doubt and column.title in _P else ""
            return f"{column.meaning}.{doubt}\nA click sorts by it."
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            first = Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder
            return first[not column.greatest_first]
        return None


class ScoreTable(QTableView):
    """One row can be chosen; Enter or a double click asks to show it.

    Attributes
    ----------
    score : Score or None
        The row chosen; `chosen` tells of another one, `wanted` that it is to be shown.
    """

    chosen = Signal()
    wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._model = ScoreModel()
        self.setModel(self._model)
        self.score: Score | None = None
        self.setMinimumHeight(150)
        self._header = plain_table(self, _R2, Qt.SortOrder.DescendingOrder)
        selection = self.selectionModel()
        assert selection is not None
        self._selection = selection
        selection.selectionChanged.connect(self._on_selection)
        self._model.modelReset.connect(self._select_again)
        self.activated.connect(lambda _: self.wanted.emit())

    def set_scores(self, scores: "Sequence[Score]", doubt: str = "") -> None:
        """Show other scores, the best chosen; columns that say nothing are hidden.

        `doubt` is what to know of the p-values, said with their titles.
        """
        self._model.doubt = doubt
        self.score = max(scores, key=lambda s: s.r2) if scores else None
        self._model.set_scores(scores)
        for column, about in enumerate(_COLUMNS):
            texts = {about.text(score) for score in scores}
            same = about.title in ("Regression", "Held out") and len(texts) < 2
            self.setColumnHidden(column, same or texts == {_NOTHING})
        self.resizeColumnsToContents()
        self._header.resizeSection(0, min(self._header.sectionSize(0), 120))
        self._header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.chosen.emit()

    def _select_again(self) -> None:
        """Keep the row chosen when the table is sorted."""
        if self.score in self._model.scores:
            self.selectRow(self._model.scores.index(self.score))

    def _on_selection(self) -> None:
        # Not the current row: merely tabbing through the table changes that.
        score = next((self._model.scores[i.row()] for i in self._selection.selectedRows()), None)
        if score is not None and score != self.score:
            self.score = score
            self.chosen.emit()
