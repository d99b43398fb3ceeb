"""Tab Latents of the dock Compare methods: latents of methods beside each other."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from qtpy.QtWidgets import QFileDialog, QSpinBox

from napari_compressed_transcriptomics.codecs.registry import METHODS, titles
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.repeat.studies import latents_again
from napari_compressed_transcriptomics.study.latents_of_methods import (
    SIGNS,
    FittedLatents,
    LatentsRequest,
    NamedLatents,
    fit_latents,
    problem_with,
)
from napari_compressed_transcriptomics.viewer.method_layers import (
    show_beside_each_other,
    shown_components,
)
from napari_compressed_transcriptomics.viewer.window.notices import user_errors_shown
from napari_compressed_transcriptomics.widgets.back import back
from napari_compressed_transcriptomics.widgets.shared.background import Background
from napari_compressed_transcriptomics.widgets.shared.fields import (
    count,
    push_button,
    wrapping_label,
)
from napari_compressed_transcriptomics.widgets.shared.following import on_change
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from napari_compressed_transcriptomics.widgets.shared.layouts import Tab, form, row, scrolled
from napari_compressed_transcriptomics.widgets.shared.method_choice import MethodChoice
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar
from napari_compressed_transcriptomics.widgets.shared.session import session

from .coherence_section import CoherenceSection
from .latent_scatters import LatentScatters

_AT_FIRST = ("residual", "pca", "nmf", "kernel-pca", "umap", "tsne")
_MAX_COMPONENTS = 64


class LatentsTab(Tab):
    """Fits methods to all samples and shows their latents; published ones can stand beside them.

    What was fitted to the same data, with as many components and the same seed, is not fitted
    again. Cancel keeps the methods that are done.
    """

    def __init__(self, viewer: Any, layer: LayerChoice):
        super().__init__(viewer, layer)
        self._work = session(viewer).work
        self._fitted: tuple[NamedLatents, ...] = self._work.latents
        self._seed_of_fits = self._work.seed_of_latents
        self._notes: list[str] = []
        self._opened: tuple[NamedLatents, ...] = ()
        self._cells: dict[tuple[NamedLatents, int], Any] = {}
        self._then: Callable[[], None] | None = None
        self.methods = MethodChoice(titles(), _AT_FIRST)
        self.components = QSpinBox()
        self.components.setRange(1, _MAX_COMPONENTS)
        self.components.setValue(2)
        self.seed = count()
        self.bar = RunBar("Latents of methods", "Show l&atents", keep_best=True)
        self.bar.run.setToolTip(
            "Fit the methods to all samples, and show a layer per component, those of a method "
            "side by side"
        )
        self.scatter = push_button(
            "Scatte&r plots",
            "Component 1 against component 2 of each method, in a window of their own; methods "
            "that are not fitted yet are fitted first",
            self._scatter,
        )
        self.open = push_button(
            "&Open latents…",
            "Published latents (NIfTI, such as abagen_pca0_8mm.nii.gz) next to your own; files "
            "that differ by the component's number are one method",
            self._ask_and_open,
        )
        self.note = wrapping_label()
        self.coherence = CoherenceSection(viewer, self._shown)
        self.scatters: LatentScatters | None = None
        self._arrange()

        self._background = Background(self)
        self._background.answered.connect(self.methods.offer)
        self._asked: tuple[Any, int] | None = None
        on_change(self._refresh, layer, self.methods, self.components)
        self.bar.calls(self._run, self._on_fitted, self._on_ended, self._again)
        self._refresh()

    def _again(self) -> Repeat:
        return latents_again(self.request())

    def _arrange(self) -> None:
        sizes = ("Components (&k)", self.components), ("S&eed", self.seed)
        buttons = row(self.scatter, self.open)
        parts = form(self.methods, *sizes), self.bar, buttons, self.note, self.coherence
        scrolled(self, *parts, 1, margins=2)

    def request(self) -> LatentsRequest:
        """Return what Run would do now; a `UserError` says why it cannot."""
        expression = self._chosen.expression()
        if not self.methods.methods:
            raise UserError("Choose at least one method.")
        size, seed = self.components.value(), self.seed.value()
        known = [
            one
            for one in self._fitted
            if one.expression is expression
            and one.latent_size == size
            and self._seed_of_fits == seed
        ]
        return LatentsRequest(expression, self.methods.methods, (size,), seed, known=tuple(known))

    def _refresh(self) -> None:
        """Say why Run cannot be pressed, and offer the methods that these data can carry."""
        reason, expression = self.bar.check(self.request), None
        with suppress(UserError):
            expression = self._chosen.expression()
        asked = expression, self.components.value()
        if expression is not None and asked != self._asked:
            self._background.ask(partial(_reasons, expression, self.components.value()))
        self._asked = asked
        idle = self.bar.job is None
        self.scatter.setEnabled(idle and (not reason or bool(self._opened)))
        self.open.setEnabled(idle)

    def _run(self) -> None:
        self._start(self._show_layers)

    def _start(self, then: Callable[[], None]) -> None:
        """Fit what is not fitted yet, then do what is wanted of it."""
        request = self.request()
        self._then, self._seed_of_fits = then, request.seed
        self._fitted = request.known
        self.bar.start(partial(fit_latents, request))
        self._refresh()

    def _on_fitted(self, fitted: FittedLatents) -> None:
        self._work.latents, self._work.seed_of_latents = fitted.latents, self._seed_of_fits
        self._fitted, self._notes = fitted.latents, [f"{note}." for note in fitted.notes]
        then, self._then = self._then, None
        if then is not None:
            then()

    def _on_ended(self) -> None:
        words = self.bar.status.text()
        self._refresh()
        if words:
            self.bar.status.setText(words)

    def _shown(self) -> tuple[NamedLatents, ...]:
        """Return all latents there are: one's own, then those opened."""
        return (*self._fitted, *self._opened)

    def _show_layers(self) -> None:
        """Put all latents there are beside each other, in place of those shown before."""
        latents = self._shown()
        back(self._viewer).remember()
        self._cells = show_beside_each_other(self._viewer, latents, self._cells)
        notes = [*self._notes, SIGNS]
        sizes = [one.latent_size for one in latents]
        if shown_components(sizes) < max(sizes):
            notes.insert(-1, f"Layers show the first {shown_components(sizes)} components of each.")
        self.note.setText("\n".join(notes))
        self.coherence.refresh()
        if self.scatters is not None and self.scatters.isVisible():
            self.scatters.show_latents(latents, self._expression())

    def _scatter(self) -> None:
        """Show the scatter plots, after fitting what is chosen and not fitted yet."""
        try:
            request = self.request()
        except UserError:
            self._show_scatters()  # of those opened
            return
        fitted = {one.name for one in request.known}
        if set(request.methods) <= fitted:
            self._show_scatters()
        else:
            self._start(self._show_both)

    def _show_both(self) -> None:
        self._show_layers()
        self._show_scatters()

    def _show_scatters(self) -> None:
        if self.scatters is None:
            self.scatters = LatentScatters(self._viewer, self)
        self.scatters.show_latents(self._shown(), self._expression())
        self.scatters.show()
        self.scatters.raise_()

    def _expression(self) -> Expression | None:
        try:
            return self._chosen.expression()
        except UserError:
            return None

    def _ask_and_open(self) -> None:
        paths, _ = QFileDialog.getOpenFileNames(
            self, "Latents, one file per component", "", "NIfTI (*.nii.gz *.nii)"
        )
        if paths:
            self.open_latents(paths)

    def open_latents(self, paths: list[str]) -> None:
        """Show latents of files beside one's own, in place of those opened before."""
        from napari_compressed_transcriptomics.study.named_latents import read_named_latents

        with user_errors_shown():
            self._opened = read_named_latents(paths)
            self._show_layers()
        self._refresh()


def _reasons(expression: Expression, latent_size: int) -> dict[str, str]:
    return {name: problem_with(name, latent_size, expression) for name in METHODS}
