"""Which genes are compressed: all, or those that other open data have, too."""

from typing import Any

from qtpy.QtCore import Signal

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression

from .shared.fields import Choice
from .shared.session import session


class SharedGenes(Choice):
    """A model fitted to the genes that two data sets share can be used on both."""

    changed = Signal()

    def __init__(self, viewer: Any):
        super().__init__()
        self._work = session(viewer).work
        self._others: list[Expression] = []
        self._made: tuple[Expression, Expression, Expression] | None = None
        self.setToolTip(
            "A model of the genes that other open data have, too, can encode these as well: "
            "choose it there as a model fitted here."
        )
        self._work.data_changed.connect(self._fill)
        self._work.data_chosen.connect(self._fill)
        self.currentIndexChanged.connect(lambda _: self.changed.emit())
        self._fill()

    @property
    def is_needed(self) -> bool:
        """Whether there are other data to share genes with."""
        return bool(self._others)

    def check_all(self) -> None:
        """Raise a `UserError` unless all genes are chosen: others are known to this window only."""
        if self.currentIndex() > 0:
            raise UserError(
                f"Genes that are {self.currentText().lower()} are chosen in this window only; "
                "choose all genes"
            )

    def of(self, expression: Expression) -> Expression:
        """Return the data with the genes chosen; a `UserError` where there are none."""
        if self.currentIndex() <= 0:
            return expression
        other = self._others[self.currentIndex() - 1]
        if self._made is None or self._made[:2] != (expression, other):
            there = set(other.genes)
            shared = tuple(gene for gene in expression.genes if gene in there)
            if not shared:
                raise UserError(
                    f"{expression.name} and {other.name} share no gene; choose other data"
                )
            self._made = expression, other, expression.aligned_to(shared)
        return self._made[2]

    def _fill(self) -> None:
        here = self._work.current_data
        before = self._others[self.currentIndex() - 1] if self.currentIndex() > 0 else None
        self._others = [data for data in self._work.data if data is not here]
        self._made = None
        self.blockSignals(True)
        self.clear()
        self.addItem("All genes")
        self.addItems([f"Shared with {data.name}" for data in self._others])
        index = next((i for i, data in enumerate(self._others, 1) if data is before), 0)
        self.setCurrentIndex(index)
        self.blockSignals(False)
        self.changed.emit()
