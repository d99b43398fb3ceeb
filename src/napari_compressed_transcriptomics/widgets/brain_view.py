"""Dock widget Brain view: planes, 3-D, and the place in millimetres."""

from functools import partial
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QAbstractSpinBox, QDoubleSpinBox, QGridLayout, QLabel

from napari_compressed_transcriptomics.viewer.anatomy.background import OUTLINE, REGIONS, TEMPLATE
from napari_compressed_transcriptomics.viewer.anatomy.four_views import open_views
from napari_compressed_transcriptomics.viewer.anatomy.place import go_to, position
from napari_compressed_transcriptomics.viewer.anatomy.planes import plane_of, show_plane
from napari_compressed_transcriptomics.viewer.settings import PLUGIN

from .shared.dock import Dock
from .shared.fields import check_box, choice, push_button
from .shared.following import follow
from .shared.layouts import Part, label, row
from .shared.shortcut_button import shortcut_button
from .shared.space_question import SpaceQuestion

_VIEWS = {
    "axial": ("Axial", "Alt+1", "Slices from below to above: anterior up, right on the right"),
    "coronal": ("Coronal", "Alt+2", "Slices from back to front: superior up, right on the right"),
    "sagittal": ("Sagittal", "Alt+3", "Slices from left to right: superior up, anterior right"),
    "3d": ("3-D", "Alt+4", "The whole brain; drag to turn it, click to pick"),
}
_BACKGROUND = {
    TEMPLATE: ("MNI152 template", "The T1 template under the slices, where data are in MNI space"),
    OUTLINE: ("Brain outline", "The outline of the template's brain, where data are in MNI space"),
    REGIONS: (
        "Region outlines",
        "Borders of a table's regions, else of the topmost labels layer, in the slices",
    ),
}
_CUTS = {"": "none", "sagittal": "sagittal", "coronal": "coronal", "axial": "axial"}
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
        self.background = {name: check_box(*words) for name, words in _BACKGROUND.items()}
        for name, tick in self.background.items():
            tick.setChecked(self._view.background.wanted[name])
            tick.clicked.connect(partial(self._show_background, name))
        self.cut = choice(
            _CUTS,
            "In 3-D, take away what is before the place in the fields above. Change them, or hold "
            "Shift and drag in the brain, to move the cut",
        )
        self.cut.activated.connect(self._cut)
        self.space = SpaceQuestion(self._viewer, self._view)
        self.four = push_button(
            "Four views", "Show the other three views next to this one, with one crosshair in all"
        )
        self.four.clicked.connect(self._open_four)
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
        buttons.addWidget(self.four, 2, 0, 1, 2)
        cut = row(label("&Cut in 3-D", self.cut), (self.cut, 1))
        options = QGridLayout()
        boxes = (self.side_by_side, self.shell, *self.background.values())
        for i, shown in enumerate(boxes):
            options.addWidget(shown, i // 2, i % 2)
        places_row = row(*places, QLabel("mm"))
        self.lay_out(buttons, places_row, cut, options, self.same_scale, self.space, 1)

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

    def _show_background(self, name: str, wanted: bool) -> None:
        self._view.background.show(name, wanted)
        self._tell_views()

    def _cut(self) -> None:
        self._view.cut.show(self.cut.currentData())
        self._tell_views()

    def _tell_views(self) -> None:
        if (four := open_views(self._viewer)) is not None:
            four.follow_options()

    def _open_four(self) -> None:
        if open_views(self._viewer) is None:  # in the place of this dock, where there is room
            self._viewer.window.add_plugin_dock_widget(PLUGIN, "Four views", tabify=True)

    def _arrange(self, side_by_side: bool) -> None:
        if side_by_side:
            self._view.show_side_by_side()
        else:
            self._view.show_in_one()

    def _scale(self, same: bool) -> None:
        self._view.same_scale.on = same

    def _follow(self, event: Any = None) -> None:
        """Say where the viewer is."""
        self.four.setEnabled(getattr(self._viewer, "window", None) is not None)
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
