"""Which methods, and of which latent sizes: a box a method, and a line of numbers."""

import re
from collections.abc import Mapping

from qtpy.QtCore import Signal
from qtpy.QtWidgets import QCheckBox, QGridLayout, QLineEdit, QWidget

from napari_compressed_transcriptomics.core.errors import UserError


class MethodChoice(QWidget):
    """A box a method, in two columns.

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
        for place, (name, box) in enumerate(self.boxes.items()):
            box.setChecked(name in checked)
            box.toggled.connect(lambda _: self.changed.emit())
            grid.addWidget(box, *divmod(place, 2))

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
                raise UserError(f"“{word}” is no number of components; write e.g. 2 4 8 16.")
        if not words:
            raise UserError("Write at least one number of components, e.g. 2 4 8 16.")
        return tuple(dict.fromkeys(map(int, words)))
