"""What all docks are: made ready for our layers, scrolled, tabbed, and ended when they close."""

from typing import Any

from qtpy.compat import isalive
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

from napari_compressed_transcriptomics.viewer import brain_view
from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.settings import PLUGIN
from napari_compressed_transcriptomics.viewer.window.garbage import garbage

from .following import soon
from .forms.form_values import recall, remember
from .help import help_button, open_help
from .layouts import Part, form, row, scrolled
from .session import session


class Dock(QWidget):
    """A dock of ours, or a page of the main dock.

    Parameters
    ----------
    napari_viewer : napari.Viewer

    Attributes
    ----------
    recalls : bool
        Whether the form begins with the values that stood in it when the program ran last.
    not_recalled : tuple of str
        Fields that begin as Preferences say all the same.
    """

    recalls = False
    not_recalled: tuple[str, ...] = ()

    def __init__(self, napari_viewer: Any):
        super().__init__()
        self._viewer = napari_viewer
        self._view = brain_view.attach(napari_viewer)
        self._is_docked = False
        self._top: QWidget | None = None
        garbage().comes(self)

    def lay_out(self, *parts: Part, chosen: tuple[str, QWidget] | None = None) -> None:
        """Lay parts out from top to bottom, in a frame that scrolls: no screen is too low.

        Parameters
        ----------
        *parts
            See `layouts.stack`.
        chosen : (str, QWidget), optional
            Label and list that choose data or result, on top, beside the "?"; the main dock has
            both for all pages.
        """
        self._top = QWidget()
        choice = form(*() if chosen is None else (chosen,))
        self._top.setLayout(row((choice, 1), help_button(lambda: type(self).__name__)))
        scrolled(self, self._top, *parts, margins=2)
        if self.recalls:
            recall(type(self).__name__, self, self.not_recalled)

    def be_page(self) -> None:
        """Hide the choice of data or result and the "?", which the main dock has for all pages."""
        if self._top is not None:
            self._top.hide()

    def keyPressEvent(self, event: Any) -> None:
        """Open the page about this dock with F1."""
        if event.key() == Qt.Key.Key_F1:
            open_help(type(self).__name__)
        else:
            super().keyPressEvent(event)

    def event(self, event: Any) -> bool:
        """End what runs when the dock is closed, and lie behind others of ours, not below them."""
        if event.type() == QEvent.Type.ParentChange:
            if isinstance(self.parent(), QDockWidget):
                self._is_docked = True
                soon(self, self._join_others).start()
            elif self._is_docked and self.parent() is None:
                self._is_docked = False
                self.end_work()
        return super().event(event)

    def hideEvent(self, event: Any) -> None:
        """Remember the values of the form."""
        super().hideEvent(event)
        if self.recalls:
            remember(type(self).__name__, self)

    def end_work(self) -> None:
        """End the jobs of a dock that was closed, and say so."""
        from .job import Job

        garbage().goes(self)
        running = [job for job in self.findChildren(Job) if job.is_running]
        for job in running:
            job.drop()
        told = [job.title for job in running if job.is_told]
        if told:
            from napari.utils.notifications import show_info

            show_info(f"{' and '.join(told)}: stopped, as its dock was closed")

    def _join_others(self) -> None:
        """Become a tab of the docks of ours that lie in the same area of the window."""
        if not isalive(self):
            return
        mine = self.parent()
        if not isinstance(mine, QDockWidget) or mine.isFloating():
            return
        window = mine.parent()
        if not isinstance(window, QMainWindow):
            return
        if any(isinstance(other.widget(), Dock) for other in window.tabifiedDockWidgets(mine)):
            return  # another, opened at the same time, has come to this one
        for other in window.findChildren(QDockWidget):
            if (
                other is not mine
                and isinstance(other.widget(), Dock)
                and other.isVisible()
                and not other.isFloating()
                and window.dockWidgetArea(other) == window.dockWidgetArea(mine)
            ):
                window.tabifyDockWidget(other, mine)
                soon(self, mine.raise_).start()  # once Qt has laid them out
                return


def open_dock(viewer: Any, name: str, as_page: bool = True) -> Any:
    """Show a dock of ours, and return it: as a page of the main dock where that is open.

    Parameters
    ----------
    viewer : napari.Viewer
    name : str
        As the manifest has it (``display_name``).
    as_page : bool
        False for a dock of its own in any case.

    Returns
    -------
    QWidget or None
        None where the viewer has no window.
    """
    main = session(viewer).main
    if as_page and main is not None and isalive(main) and main.has_page(name):
        return main.show_page(name)
    window = getattr(itself(viewer), "window", None)
    if window is None:
        return None
    dock, widget = window.add_plugin_dock_widget(PLUGIN, name)
    dock.show()
    dock.raise_()
    return widget
