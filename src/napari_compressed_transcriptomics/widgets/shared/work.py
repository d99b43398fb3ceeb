"""The work of one viewer: data that are open, all results, finished comparisons, predictions."""

from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import proxy

from qtpy.QtCore import QObject, Signal

from napari_compressed_transcriptomics.codecs.registry import short_title
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.viewer.layer_content import shown
from napari_compressed_transcriptomics.viewer.window.garbage import garbage

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.io.writers.reopen.studies import SavedComparison
    from napari_compressed_transcriptomics.reconstruction.reconstruction import Reconstruction
    from napari_compressed_transcriptomics.study.compare import Comparison
    from napari_compressed_transcriptomics.study.latents_of_methods import NamedLatents
    from napari_compressed_transcriptomics.study.predict import Prediction


class Work(QObject):
    """Keeps what was made until it is removed, whatever becomes of docks and layers.

    A result comes in by `keep`, or with a layer that shows it. One data set and one result are
    *current*: every dock shows these.

    Attributes
    ----------
    data : list of Expression
        Those that a layer of the viewer shows, in the order in which they were opened.
    results : list of Reconstruction
        The newest last.
    current_data, current_result
        One of each, or None; `data_chosen` and `result_chosen` tell of another one.
    comparison : Comparison, SavedComparison or None
        Methods compared on held-out samples, as far as it has come, or opened from a folder.
    latents : tuple of NamedLatents
        Of methods fitted to be seen beside each other, with the seed `seed_of_latents`.
    prediction : Prediction or None
        Maps predicted.
    studies_in : dict of str to Path
        Where the ``comparison`` and the ``prediction`` that are here lie saved, if they do.
    """

    data_changed = Signal()
    data_chosen = Signal()
    results_changed = Signal()
    result_chosen = Signal()
    study_opened = Signal()
    """A comparison or a prediction was opened from its folder."""
    originals_came = Signal(object)
    """The expression of a result that was without it can be read now, see `values_elsewhere`."""

    def __init__(self, viewer: Any):
        super().__init__()
        self._viewer = proxy(viewer)
        self._parameters: dict[int, dict[str, Any]] = {}  # by id of results, which are kept
        self._folders: dict[int, Path] = {}
        self.data: list[Expression] = []
        self.results: list[Reconstruction] = []
        self.current_data: Expression | None = None
        self.current_result: Reconstruction | None = None
        self.comparison: Comparison | SavedComparison | None = None
        self.latents: tuple[NamedLatents, ...] = ()
        self.seed_of_latents = 0
        self.prediction: Prediction | None = None
        self.studies_in: dict[str, Path] = {}
        viewer.layers.events.inserted.connect(self._on_inserted)
        viewer.layers.events.removed.connect(self._on_removed)
        for layer in viewer.layers:
            self._take(layer)

    def choose_data(self, data: Expression | None) -> None:
        """Make data current, and the newest result of them, if there is one."""
        if data is self.current_data:
            return
        self.current_data = data
        self.data_chosen.emit()
        result = self.current_result
        if data is not None and not (result is not None and same_samples(result, data)):
            of_data = [result for result in self.results if same_samples(result, data)]
            if of_data:
                self.choose_result(of_data[-1])

    def choose_result(self, result: "Reconstruction | None") -> None:
        """Make a result current, and its data, if they are open."""
        if result is self.current_result:
            return
        self.current_result = result
        self.result_chosen.emit()
        data = self.current_data
        if result is not None and not (data is not None and same_samples(result, data)):
            of_result = [data for data in self.data if same_samples(result, data)]
            if of_result:
                self.choose_data(of_result[-1])

    def keep(self, result: "Reconstruction", parameters: dict[str, Any] | None = None) -> None:
        """Keep a result, with the settings that made it, and make it current."""
        if parameters is not None:
            self._parameters[id(result)] = parameters
        if any(result is other for other in self.results):
            return
        garbage().comes(result)
        self.results.append(result)
        self.results_changed.emit()
        self.choose_result(result)

    def parameters_of(self, result: "Reconstruction") -> dict[str, Any]:
        """Return the settings that made a result, as far as they are known."""
        return self._parameters.get(id(result), {})

    def saved(self, result: "Reconstruction", folder: str | Path) -> None:
        """Say in which folder a result was saved."""
        self._folders[id(result)] = Path(folder)

    def folder_of(self, result: "Reconstruction") -> Path | None:
        """Return the folder in which a result was saved last, None where it never was."""
        return self._folders.get(id(result))

    def keep_study(self, kind: str, study: Any, folder: Path | None = None) -> None:
        """Keep a ``comparison`` or a ``prediction``, which lies in a folder if one is given."""
        setattr(self, kind, study)
        self.studies_in.pop(kind, None)
        if folder is not None:
            self.studies_in[kind] = Path(folder).resolve()

    def layers_of(self, result: "Reconstruction") -> list[Any]:
        """Return the layers of the viewer that show something of a result."""
        found = ((layer, shown(layer)) for layer in self._viewer.layers)
        return [layer for layer, what in found if what and what.reconstruction is result]

    def remove(self, result: "Reconstruction") -> None:
        """Forget a result, and take its layers away."""
        garbage().goes(result)
        self.results = [other for other in self.results if other is not result]
        self._parameters.pop(id(result), None)
        self._folders.pop(id(result), None)
        layers, going = self._viewer.layers, self.layers_of(result)
        # napari holds the layer that was current last, and with it the result
        layers.selection.active = next((layer for layer in layers if layer not in going), None)
        for layer in going:
            layers.remove(layer)
        self.results_changed.emit()
        if self.current_result is result:
            self.choose_result(self.results[-1] if self.results else None)

    def titles(self) -> list[str]:
        """Return a name of its own for each result."""
        names = [title(result) for result in self.results]
        numbers = [names[: i + 1].count(name) for i, name in enumerate(names)]
        return [
            name if number == 1 else f"{name} ({number})"
            for name, number in zip(names, numbers, strict=True)
        ]

    def _on_inserted(self, event: Any) -> None:
        self._take(event.value)

    def _take(self, layer: Any) -> None:
        what = shown(layer)
        if what is None:
            return
        if what.kind == "expression" and what.expression is not None:
            if not any(what.expression is data for data in self.data):
                self.data.append(what.expression)
                self.data_changed.emit()
            self.choose_data(what.expression)
        if what.reconstruction is not None:
            self.keep(what.reconstruction)

    def _on_removed(self, event: Any) -> None:
        what = shown(event.value)
        if what is None or what.kind != "expression":
            return
        still = [shown(layer) for layer in self._viewer.layers]
        self.data = [
            data
            for data in self.data
            if any(one and one.kind == "expression" and one.expression is data for one in still)
        ]
        self.data_changed.emit()
        if not any(self.current_data is data for data in self.data):
            self.choose_data(self.data[-1] if self.data else None)


def same_samples(result: "Reconstruction", data: Expression) -> bool:
    """Tell whether a result is of these data, or of some of their genes."""
    return result.expression.parcellation is data.parcellation


def title(result: "Reconstruction") -> str:
    """Name a result: what was compressed, how, into how many components."""
    return f"{result.expression.name}: {short_title(result.codec.id)} k={result.codec.latent_size}"
