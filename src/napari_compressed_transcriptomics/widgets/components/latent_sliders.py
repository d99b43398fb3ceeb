"""One slider a component, with its value beside it."""

from typing import Any

import numpy as np
from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QGridLayout, QLabel, QSlider, QWidget

_STEPS = 200


class LatentSliders(QWidget):
    """Sliders of the latents of one sample, from the range of all samples.

    The arrow keys move a slider by a hundredth of its range, Page Up and Page Down by a tenth,
    Home and End to its ends.

    Parameters
    ----------
    ranges : ndarray, shape (k, 2)
        Ends of the sliders. A value outside can be shown; its slider stands at the end.
    """

    moved = Signal()

    def __init__(self, ranges: np.ndarray):
        super().__init__()
        self._ranges = np.asarray(ranges, float)
        self.latents = self._ranges.mean(axis=1)
        self.sliders: list[QSlider] = []
        self._values: list[QLabel] = []
        layout = QGridLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.setVerticalSpacing(2)
        for k, (low, high) in enumerate(self._ranges):
            slider, number, value = QSlider(Qt.Orientation.Horizontal), QLabel(f"{k + 1}"), QLabel()
            slider.setRange(0, _STEPS)
            slider.setSingleStep(_STEPS // 100)
            slider.setPageStep(_STEPS // 10)
            slider.setAccessibleName(f"Component {k + 1}")
            slider.setToolTip(
                f"Component {k + 1}: {low:.3g} to {high:.3g} in 98 % of samples.\n"
                "Arrow keys, Page Up and Down, Home and End move it."
            )
            value.setMinimumWidth(value.fontMetrics().horizontalAdvance("-0.0000"))
            value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, widget in enumerate((number, slider, value)):
                layout.addWidget(widget, k, column)
            slider.valueChanged.connect(lambda step, k=k: self._on_moved(k, step))
            self.sliders.append(slider)
            self._values.append(value)
        layout.setRowStretch(len(self.sliders), 1)
        layout.setColumnStretch(1, 1)

    def show_latents(self, latents: np.ndarray) -> None:
        """Set all sliders, without telling of it."""
        self.latents = np.array(latents, float)
        low, high = self._ranges.T
        steps = np.rint(_STEPS * np.clip((self.latents - low) / (high - low), 0, 1))
        for k, slider in enumerate(self.sliders):
            slider.blockSignals(True)
            slider.setValue(int(steps[k]))
            slider.blockSignals(False)
            self._say(k)

    def _on_moved(self, k: int, step: int) -> None:
        low, high = self._ranges[k]
        self.latents[k] = low + (high - low) * step / _STEPS
        self._say(k)
        self.moved.emit()

    def _say(self, k: int) -> None:
        """Write a value as finely as its slider moves."""
        low, high = self._ranges[k]
        decimals = max(0, 2 - int(np.floor(np.log10(high - low))))
        self._values[k].setText(f"{self.latents[k]:z.{decimals}f}")

    def wheelEvent(self, event: Any) -> None:
        """Leave the mouse wheel to the scroll area."""
        event.ignore()
