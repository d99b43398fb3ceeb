"""Which methods, and of which latent sizes: a box per method, and a line of numbers."""

import re
from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtGui import QStandardItemModel
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QWidget

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.limits import LATENT_SIZES, latent_size_problem

from .fields import Choice


class MethodChoice(QWidget):
    """A box per method, in two columns, one below the other: long titles share the first.

    Parameters
    ----------
    titles : dict
        What the box of each method says, by its name.
    checked : tuple of str
        Methods that are chosen at first.
    """

    changed = Signal()

    def __init__(self, titles: Mapping[str, str], checked: tuple[str, ...]):
        super().__init__()
        self.boxes = {name: QCheckBox(title) for name, title in titles.items()}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(2)
        rows = -(-len(self.boxes) // 2)
        for place, (name, box) in enumerate(self.boxes.items()):
            box.setChecked(name in checked)
            box.toggled.connect(lambda _: self.changed.emit())
            grid.addWidget(box, place % rows, place // rows)

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods chosen, without those that are not to be had."""
        return tuple(
            name for name, box in self.boxes.items() if box.isChecked() and box.isEnabled()
        )

    @property
    def checked(self) -> tuple[str, ...]:
        """The methods chosen, with those that are not to be had."""
        return tuple(name for name, box in self.boxes.items() if box.isChecked())

    def offer(self, reasons: Mapping[str, str]) -> None:
        """Enable each box but those with a reason why not, which becomes their tooltip."""
        before = self.methods
        for name, box in self.boxes.items():
            box.setEnabled(not reasons.get(name))
            box.setToolTip(reasons.get(name, ""))
        if self.methods != before:
            self.changed.emit()


class LatentSizes(QLineEdit):
    """A line of latent sizes, such as ``2 4 8 16``; commas do, too."""

    def __init__(self, sizes: tuple[int, ...]):
        super().__init__(" ".join(map(str, sizes)))
        self.setToolTip("Numbers of components, with spaces between them.")

    def sizes(self) -> tuple[int, ...]:
        """Return the sizes, each once; a `UserError` names what is no number from 1."""
        words = [word for word in re.split(r"[\s,;]+", self.text()) if word]
        for word in words:
            if not re.fullmatch(r"0*[1-9]\d{0,4}", word, re.ASCII):
                raise UserError(f"“{word}” is not a number of components; write e.g. 2 4 8 16.")
        if not words:
            raise UserError("Write at least one number of components, e.g. 2 4 8 16.")
        return tuple(dict.fromkeys(map(int, words)))


class LatentSize(Choice):
    """Offers 2 to 128 components; a size that is disabled says why in its tooltip."""

    def __init__(self) -> None:
        super().__init__()
        self.offer(None, None)

    @property
    def chosen(self) -> int | None:
        """The size chosen, or None where no size fits."""
        return self.currentData()

    def offer(self, codec: str | None, expression: Expression | None) -> None:
        """List all sizes, disabling those that `codec` cannot be fitted with to `expression`.

        What was chosen stays chosen, or becomes the next smaller one that fits. None for
        either disables nothing.
        """
        wanted = self.chosen or 8
        self.blockSignals(True)
        self.clear()
        model = self.model()
        assert isinstance(model, QStandardItemModel)
        possible = []
        for size in LATENT_SIZES:
            self.addItem(str(size), size)
            problem = None
            if codec is not None and expression is not None:
                problem = latent_size_problem(codec, size, expression.n_samples, expression.n_genes)
            item = model.item(self.count() - 1)
            if problem and item is not None:
                item.setEnabled(False)
                item.setToolTip(problem)
                item.setText(f"{size}  (too large for this data)")
            else:
                possible.append(size)
        best = max((size for size in possible if size <= wanted), default=None)
        self.setCurrentIndex(self.findData(best))
        self.blockSignals(False)
