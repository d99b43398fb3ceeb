"""Dock widget Brain view: planes, 3-D, and the place in millimetres."""

from functools import partial
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import (
    QAbstractSpinBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
)

from napari_compressed_transcriptomics.viewer.anatomy.planes import (
    go_to,
    plane_of,
    position,
    show_plane,
)

from .shared.dock import Dock
from .shared.fields import check_box
from .shared.following import follow
from .shared.layouts import Part, label, row
from .shared.shortcut_button import shortcut_button

if TYPE_CHECKING:
    pass

_VIEWS = {
    "axial": ("Axial", "Alt+1", "Slices from below to above: anterior up, right on the right"),
    "coronal": ("Coronal", "Alt+2", "Slices from back to front: superior up, right on the right"),
    "sagittal": ("Sagittal", "Alt+3", "Slices from left to right: superior up, anterior right"),
    "3d": ("3-D", "Alt+4", "The whole brain; drag to turn it, click to pick"),
}
_AXES = {
    "x": "millimetres from the middle to the right; left is negative",
    "y": "millimetres to the front; posterior is negative",
    "z": "millimetres upwards; inferior is negative",
}


class BrainView(Dock):
    """Chooses the plane, goes to a place, and follows the viewer."""

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self.views = {name: shortcut_button(self, *words) for name, words in _VIEWS.items()}
        for name, button in self.views.items():
            button.setCheckable(True)
            button.clicked.connect(partial(self._show, name))
        self.place = {axis: _millimetres(tip) for axis, tip in _AXES.items()}
        for box in self.place.values():
            box.valueChanged.connect(self._go)
        self.side_by_side = check_box(
            "Side by side", "Every visible layer in a cell of its own, with its name"
        )
        self.side_by_side.clicked.connect(self._arrange)
        self.same_scale = check_box(
            "Same scale for the same quantity",
            "Errors of all results, a gene and its reconstructions, and latents of one method "
            "have the same colours for the same numbers; else each map has limits of its own",
        )
        self.same_scale.setChecked(self._view.same_scale.on)
        self.same_scale.clicked.connect(self._scale)
        self.shell = check_box(
            "Brain shell in 3-D", "A faint surface around the brain, in 3-D and not side by side"
        )
        self.shell.setChecked(True)
        self.shell.clicked.connect(self._view.shell.show)
        self._lay_out()
        self._listen()
        self._view.shell.show(True)
        self._follow()

    def _lay_out(self) -> None:
        buttons = QGridLayout()
        for i, button in enumerate(self.views.values()):
            buttons.addWidget(button, i // 2, i % 2)
        places: list[Part] = []
        for axis, box in self.place.items():
            places += label(f"&{axis}", box), (box, 1)
        options = row(self.side_by_side, self.shell)
        self.lay_out(buttons, row(*places, QLabel("mm")), options, self.same_scale, 1)

    def _listen(self) -> None:
        viewer = self._viewer
        events = (
            viewer.dims.events.point,
            viewer.dims.events.range,
            viewer.dims.events.order,
            viewer.dims.events.ndisplay,
            viewer.canvas.grid.events.enabled,
        )
        follow(self, events, self._follow)

    def _show(self, name: str, checked: bool = False) -> None:
        show_plane(self._viewer, name)
        self._follow()

    def _go(self) -> None:
        go_to(self._viewer, [box.value() for box in self.place.values()])

    def _arrange(self, side_by_side: bool) -> None:
        if side_by_side:
            self._view.show_side_by_side()
        else:
            self._view.show_in_one()

    def _scale(self, same: bool) -> None:
        self._view.same_scale.on = same

    def _follow(self, event: Any = None) -> None:
        """Say where the viewer is."""
        dims = self._viewer.dims
        has_brain, plane = dims.ndim >= 3, plane_of(self._viewer)
        for name, button in self.views.items():
            button.setEnabled(has_brain)
            button.setChecked(name == plane)
        self.side_by_side.setChecked(self._viewer.canvas.grid.enabled)
        for axis, box in enumerate(self.place.values()):
            box.setEnabled(has_brain)
            if has_brain:
                low, high, step = dims.range[dims.ndim - 1 - axis]
                box.blockSignals(True)
                box.setRange(low, high)
                box.setSingleStep(step or 1)
                box.setValue(position(self._viewer)[axis])
                box.blockSignals(False)


def _millimetres(tip: str) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(1)
    box.setKeyboardTracking(False)  # go there when the number is complete
    box.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
    box.setAlignment(Qt.AlignmentFlag.AlignRight)
    box.setStyleSheet("min-width: 36px")  # docks are narrow
    box.setToolTip(f"{tip[0].upper()}{tip[1:]}. Enter goes there; the arrow keys step by a voxel.")
    return box
