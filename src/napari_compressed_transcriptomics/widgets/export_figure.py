"""The dock Export figure: what is shown now as a picture for a paper, previewed and saved."""

from functools import partial
from pathlib import Path
from typing import Any

from qtpy.QtCore import Qt
from qtpy.QtGui import QPixmap
from qtpy.QtWidgets import QDoubleSpinBox, QFileDialog, QLabel, QLineEdit, QSpinBox

from napari_compressed_transcriptomics.core.brain_space import OTHER, is_mni
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.brain_map import BrainMap
from napari_compressed_transcriptomics.figures.request import USUAL_OF_MOVIES, FigureRequest, Movie
from napari_compressed_transcriptomics.io.files.file_names import safe_stem
from napari_compressed_transcriptomics.io.writers.figure import FigureRecord
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.repeat.figure import figure_again
from napari_compressed_transcriptomics.repeat.reading import command_reading
from napari_compressed_transcriptomics.viewer.itself import itself
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.layer_map import (
    map_of_layer,
    name_of_layer,
    place_shown,
    plane_shown,
    space_of_layer,
)
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown

from .figure_subjects import MOVIES, PLOTS, Subject, of_result_again, plot_again, plot_of
from .shared.background import Background
from .shared.dock import Dock
from .shared.fields import check_box, choice
from .shared.following import follow, on_change, soon
from .shared.layer_choice import LayerChoice
from .shared.layouts import form
from .shared.run_bar import RunBar
from .shared.session import session

VIEWS = {
    "here": "The slice shown",
    "slices": "Slices, evenly spaced",
    "ortho": "Three planes through the place shown",
    "surface": "Cortical surface, four views",
    "inflated": "Cortical surface, inflated",
    **PLOTS,
    **MOVIES,
}
_SIZES = {False: (17.0, 300), True: tuple(USUAL_OF_MOVIES.values())}
"""Width in cm and dots an inch, of figures and of movies, until others are chosen."""
_PREVIEW = 300  # pixels across
_WAIT = 250  # ms after the last change


class ExportFigure(Dock):
    """Draws the chosen layer as a figure of a size in cm, and saves it as PNG, SVG or PDF.

    So it does with plots of the current result, and with movies of the layer as the brain turns.
    """

    recalls = True

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._viewer = viewer = itself(napari_viewer)
        self.layer = LayerChoice(viewer, kinds=())
        self.view = choice(VIEWS)
        self.n = _spin(QSpinBox(), 1, 30, 6)
        self.width_cm = _spin(QDoubleSpinBox(), 3, 40, 17, " cm")
        self.font_pt = _spin(QDoubleSpinBox(), 4, 24, 8, " pt")
        self.dpi = _spin(QSpinBox(), 72, 1200, 300, " dpi")
        self.frames = _spin(QSpinBox(), 2, 1000, 60, " a turn")
        self.per_second = _spin(QSpinBox(), 2, 60, 20, " a second")
        self.title = QLineEdit()
        self.template = check_box(
            "MNI template behind", "Draw the MNI152 template behind slices: data in that space only"
        )
        self.limits = check_box("Colour limits as shown", "Else those that the values ask for")
        self.limits.setChecked(True)
        self.preview = QLabel()
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.bar = RunBar("Figure", "&Save figure…")
        self.bar.run.setToolTip(
            "As PNG, SVG or PDF, movies as GIF or MP4, with the settings beside it as JSON (Alt+S)"
        )
        self._form = form(
            ("Layer", self.layer),
            ("View", self.view),
            ("Slices", self.n),
            ("Width", self.width_cm),
            ("Text", self.font_pt),
            ("Resolution", self.dpi),
            ("Pictures", self.frames),
            ("Pace", self.per_second),
            ("Title", self.title),
            self.template,
            self.limits,
        )
        self.lay_out(self._form, self.bar, self.preview, 1)
        self._drawer = Background(self)
        self._drawer.answered.connect(self._show)
        self._soon = soon(self, self._draw, _WAIT)
        fields = self.n, self.width_cm, self.font_pt, self.title, self.template, self.limits
        on_change(self._on_change, *fields, self.frames, self.per_second)
        self._sizes = dict(_SIZES)
        self._moves = False
        self.view.currentIndexChanged.connect(self._on_view)
        session(viewer).work.result_chosen.connect(self._on_change)
        self.layer.changed.connect(self._on_layer)
        self.bar.calls(self._ask, self._on_saved, again=self._again)
        follow(self, [viewer.layers.selection.events.active], self._on_active)
        follow(self, [viewer.dims.events.point, viewer.dims.events.order], self._on_change)
        self._on_active()
        self._on_layer()

    def request(self) -> FigureRequest:
        """Return the figure that the form asks for; a `UserError` says why there is none."""
        size: dict[str, Any] = {
            "width_cm": self.width_cm.value(),
            "font_pt": self.font_pt.value(),
            "dpi": self.dpi.value(),
            "title": self.title.text(),
        }
        view = str(self.view.currentData())
        if view in PLOTS:
            return FigureRequest(what=(view,), view="plot", **size)
        layer = self.layer.layer
        if layer is None or self._viewer.dims.ndim < 3:  # fewer while layers go
            raise UserError("There is no layer to draw; open a volume or run Compress.")
        if view in MOVIES:  # which have a title in any case, the same as when drawn again
            size["title"] = size["title"] or layer.name
        place = place_shown(self._viewer)
        plane = plane_shown(self._viewer)
        across = place[("sagittal", "coronal", "axial").index(plane)]
        limits = getattr(layer, "contrast_limits", None) if self.limits.isChecked() else None
        low, high = map(float, limits) if limits is not None else (None, None)
        flat = view in ("here", "slices", "turn")
        of_cortex = view in ("inflated", "turn_cortex")
        return FigureRequest(
            what=(name_of_layer(self._viewer, layer),),
            view="slices" if flat else "surface" if of_cortex else view,
            planes=(plane,),
            mm=(across,) if view == "here" else (),
            n=self.n.value(),
            place=place if view == "ortho" else None,
            low=low,
            high=high,
            template=self.template.isEnabled() and self.template.isChecked(),
            mesh="inflated" if view == "inflated" else "pial",
            **size,
        )

    def _again(self) -> Repeat:
        """Return what draws it again: from the data or saved result, or makes this first."""
        subject, work = self.subject(), session(self._viewer).work
        request, movie = subject.record.request, subject.record.movie
        out = Path(f"{safe_stem(subject.name, '_')}.{'svg' if movie is None else 'gif'}")
        if request.view == "plot":
            return plot_again(work, subject.record, out)
        what = shown(self.layer.layer)
        if what is None or what.expression is None or request.what[0].startswith("layer:"):
            raise UserError(
                f"“{subject.name}” is in this window only; open it from a file or result."
            )
        result = what.reconstruction
        if result is not None:
            return of_result_again(work, result, subject.record, out)
        inputs, reading = command_reading(what.expression.source)
        return figure_again(request, inputs, reading, out, movie=movie)

    def _on_active(self, event: Any = None) -> None:
        index = self.layer.findData(self._viewer.layers.selection.active)
        if index >= 0:
            self.layer.setCurrentIndex(index)

    def _on_layer(self) -> None:
        space = space_of_layer(self.layer.layer)
        self.template.setEnabled(space != OTHER)
        self.template.setChecked(is_mni(space))
        self._on_change()

    def _on_view(self) -> None:
        """Give movies a size of their own: 60 pictures for a page would be a large file."""
        moves = self.view.currentData() in MOVIES
        if moves != self._moves:
            self._sizes[self._moves] = (self.width_cm.value(), self.dpi.value())
            self._moves = moves
            for field, value in zip((self.width_cm, self.dpi), self._sizes[moves], strict=True):
                field.setValue(value)
        self._on_change()

    def _on_change(self, event: Any = None) -> None:
        view = self.view.currentData()
        self.n.setEnabled(view == "slices")
        self.layer.setEnabled(view not in PLOTS)
        for field in (self.template, self.limits):
            self._form.setRowVisible(field, view not in PLOTS)
        for field in (self.frames, self.per_second):
            self._form.setRowVisible(field, view in MOVIES)
        if self.bar.check(self.subject):
            self.preview.clear()
        elif self.isVisible():
            self._soon.start()

    def showEvent(self, event: Any) -> None:
        """Draw what was asked for while nobody looked."""
        super().showEvent(event)
        self._on_change()

    def _checked(self) -> tuple[BrainMap, FigureRequest]:
        request, layer = self.request(), self.layer.layer
        if request.view == "surface" and space_of_layer(layer) == OTHER:
            raise UserError(f"“{layer.name}” is not in MNI152, where the cortical surface lies.")
        return map_of_layer(self._viewer, layer), request

    def subject(self) -> Subject:
        """Return what is drawn; a `UserError` says why nothing is."""
        view = self.view.currentData()
        if view in PLOTS:
            return plot_of(session(self._viewer).work, FigureRecord(self.request()))
        one, request = self._checked()
        what = shown(self.layer.layer)
        expression = None if what is None else what.expression
        source = {} if expression is None else dict(expression.source)
        movie = None
        if view in MOVIES:
            movie = Movie(self.frames.value(), self.per_second.value())
        return Subject(FigureRecord(request, movie=movie, source=source), one.title, one)

    def _draw(self) -> None:
        """Ask for the preview of what is chosen."""
        try:
            subject = self.subject()
        except UserError as error:
            self.bar.allow(str(error))
            return
        self._drawer.ask(partial(subject.preview, _PREVIEW))

    def _show(self, answer: bytes | str) -> None:
        if isinstance(answer, str):
            self.bar.allow(answer)
            self.preview.clear()
            return
        picture = QPixmap()
        picture.loadFromData(answer)
        smooth = Qt.TransformationMode.SmoothTransformation
        self.preview.setPixmap(picture.scaledToWidth(_PREVIEW, smooth))

    def _on_saved(self, path: Path) -> None:
        self.bar.status.setText(f"Saved {path}")

    def _ask(self) -> None:
        from napari_compressed_transcriptomics.io.writers.figure import check_figure_path

        with user_errors_shown():
            subject = self.subject()
            name = "".join(c if c.isalnum() or c in "-_." else "_" for c in subject.name)
            ending = "svg" if subject.record.movie is None else "gif"
            path, _ = QFileDialog.getSaveFileName(
                self, "Save figure", f"{name}.{ending}", subject.endings
            )
            if not path:
                return
            check_figure_path(Path(path), subject.record)
            self.bar.start(partial(subject.save, Path(path)))


def _spin(box: Any, low: float, high: float, value: float, unit: str = "") -> Any:
    box.setRange(low, high)
    box.setValue(value)
    box.setSuffix(unit)
    if isinstance(box, QDoubleSpinBox):
        box.setDecimals(1)
    return box
