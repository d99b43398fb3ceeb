"""Dock widget Four views: beside the window's view the other three, with one crosshair."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from qtpy.QtCore import QEvent, QSize, Qt
from qtpy.QtWidgets import QDockWidget, QLabel, QSplitter, QVBoxLayout, QWidget

from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer.anatomy.four_views import FourViews as Views
from napari_compressed_transcriptomics.viewer.anatomy.place import go_to
from napari_compressed_transcriptomics.viewer.anatomy.planes import fit
from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.window.garbage import garbage
from napari_compressed_transcriptomics.viewer.window.turns import Turns

from .shared.following import at_end, soon
from .shared.help import help_button
from .shared.layouts import row
from .shared.session import session

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.viewer.anatomy.linked_view import LinkedView

_NAMES = {"axial": "Axial", "coronal": "Coronal", "sagittal": "Sagittal", "3d": "3-D"}
_WHILE_DRAGGED = 300  # milliseconds
_TIP = (
    "Click or drag in a slice to go there in all views; Shift and drag to move the picture. "
    "Double-click this name to show the view in the large window"
)


class FourViews(QWidget):
    """Shows three views beside the window's, below each other or side by side, as there is room."""

    def __init__(self, napari_viewer: Any):
        super().__init__()
        self._viewer = itself(napari_viewer)
        self._is_docked = False
        brain_view.attach(self._viewer)
        self._splitter = QSplitter()
        self._splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self._splitter)
        self._fits = soon(self, self._fit, 50)
        self._anew = soon(self, self._begin, _WHILE_DRAGGED)
        self._opening = Turns(self._viewer)
        self._begin()

    def _begin(self) -> None:
        """Make the views, and begin to open their canvases."""
        self.views = Views(self._viewer, self._pick, self._name)
        self.views.held = True  # a canvas made with layers in its view makes all of them at once
        self.cells: list[_Cell] = []
        at_end(self, self.views.close)
        self._opening.start(self._open())

    def showEvent(self, event: Any) -> None:
        """Make all anew in another window: there, canvases lack what OpenGL had of them."""
        if any(cell.elsewhere for cell in self.cells):
            self._close_views()
            for cell in self.cells:
                cell.hide()
                cell.deleteLater()
            self.cells = []
            self._anew.start()
        super().showEvent(event)

    def _open(self) -> Iterator[None]:
        """Open in turns of the event loop, which all at once would hold up, until closed."""
        for _ in self._parts():
            yield
            if not self.views.views:
                return

    def _parts(self) -> Iterator[None]:
        """Make each canvas, show it, and bring layers into all."""
        yield
        for view in self.views.views:
            cell = _Cell(self, view)
            if not self.cells:
                cell.head.addWidget(help_button(lambda: type(self).__name__))
            self.cells.append(cell)
            yield
            self._splitter.addWidget(cell)
            self._name()
            self._fits.start()
            yield
        while self.views.bring():
            yield
        self.views.held = False
        yield
        garbage().leave_out(much_is_new=True)

    def sizeHint(self) -> QSize:
        """Ask for a third of a usual window."""
        return QSize(300, 600)

    def resizeEvent(self, event: Any) -> None:
        """Lay views below or beside each other, whatever is larger."""
        tall = self.height() >= self.width()
        self._splitter.setOrientation(
            Qt.Orientation.Vertical if tall else Qt.Orientation.Horizontal
        )
        self._fits.start()
        super().resizeEvent(event)

    def event(self, event: Any) -> bool:
        """Close, and let three canvases go, when napari takes the widget out of its dock."""
        if event.type() == QEvent.Type.ParentChange:
            was_docked, self._is_docked = self._is_docked, isinstance(self.parent(), QDockWidget)
            if was_docked and self.parent() is None:
                self.close()
                self.deleteLater()
        return super().event(event)

    def closeEvent(self, event: Any) -> None:
        """Take the crosshair away with the views."""
        self._anew.stop()
        self._close_views()
        super().closeEvent(event)

    def _close_views(self) -> None:
        self.views.close()
        for cell in self.cells:
            cell.canvas.close()

    def _fit(self) -> None:
        for cell in self.cells:
            fit(cell.view.model)

    def _name(self) -> None:
        for cell in self.cells:
            cell.name.setText(_NAMES[cell.view.plane])

    def _pick(self, event: Any, layers: list[Any]) -> None:
        """Look at what was clicked, as after a click in the window."""
        shared = session(self._viewer)
        before = shared.pick
        shared.pick_at(event.position, event.view_direction, event.dims_displayed, layers)
        pick = shared.pick
        if pick is None or pick is before or len(event.dims_displayed) < 3:
            return  # a slice is there already
        go_to(self._viewer, pick.position)


class _Cell(QWidget):
    """A view with its name."""

    def __init__(self, dock: FourViews, view: "LinkedView"):
        super().__init__()
        from napari.qt import QtViewer
        from napari.utils.action_manager import action_manager

        self.view, self._dock = view, dock
        self._made_in: Any = None
        self.name = QLabel()
        self.name.setToolTip(_TIP)
        # It binds all shortcuts anew to what they were; each would be told to all that show them.
        with action_manager.events.shortcut_changed.blocker():
            self.canvas = QtViewer(view.model, show_welcome_screen=False)
        view.view.cells.draw_in(self.canvas)
        self.canvas.dims.hide()  # the place has one slider, in the window
        self.canvas.canvas.native.installEventFilter(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 0, 2, 0)
        layout.setSpacing(0)
        self.head = row((self.name, 1))
        layout.addLayout(self.head)
        layout.addWidget(self.canvas, 1)

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """Keep Qt from painting in another window, which it does before that is shown."""
        if event.type() == QEvent.Type.Show:
            self._made_in = self._made_in or self.window()
        paints = event.type() in (QEvent.Type.Resize, QEvent.Type.Paint, QEvent.Type.Show)
        return paints and self.elsewhere

    @property
    def elsewhere(self) -> bool:
        """Whether it is in another window than the one in which it was shown first."""
        return self._made_in not in (None, self.window())

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Show the view in the window."""
        self._dock.views.enlarge(self.view)
        super().mouseDoubleClickEvent(event)
