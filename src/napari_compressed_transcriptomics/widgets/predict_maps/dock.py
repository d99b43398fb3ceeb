"""Dock widget Predict maps: how well latents predict maps of the brain, at places held out."""

from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QGridLayout, QLabel, QSpinBox, QWidget

from napari_compressed_transcriptomics.codecs.registry import GENES, METHODS, titles
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.files.files import NIFTI
from napari_compressed_transcriptomics.io.writers.predict_files import MapFiles, predict_from_files
from napari_compressed_transcriptomics.repeat.command import Repeat, results_in
from napari_compressed_transcriptomics.repeat.studies import (
    PredictFiles,
    files_of,
    image_files,
    predict_again,
)
from napari_compressed_transcriptomics.study.predict_request import (
    PredictRequest,
    check_settings,
    offered_problem,
)
from napari_compressed_transcriptomics.study.regressors import REGRESSORS
from napari_compressed_transcriptomics.viewer import settings
from napari_compressed_transcriptomics.viewer.window.torch_library import load_torch_library
from napari_compressed_transcriptomics.widgets.shared.background import Background
from napari_compressed_transcriptomics.widgets.shared.dock import Dock
from napari_compressed_transcriptomics.widgets.shared.fields import (
    ClusterField,
    count,
    scrolling,
    wrapping_label,
)
from napari_compressed_transcriptomics.widgets.shared.file_list import FileList
from napari_compressed_transcriptomics.widgets.shared.following import on_change
from napari_compressed_transcriptomics.widgets.shared.layer_choice import LayerChoice
from napari_compressed_transcriptomics.widgets.shared.layouts import form, stack, tabs
from napari_compressed_transcriptomics.widgets.shared.method_choice import LatentSizes, MethodChoice
from napari_compressed_transcriptomics.widgets.shared.region_choice import CompartmentChoice
from napari_compressed_transcriptomics.widgets.shared.run_bar import RunBar
from napari_compressed_transcriptomics.widgets.shared.session import session

from .computed_latents import ComputedLatents
from .prediction_view import PredictionView
from .target_choice import TargetChoice

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression
    from napari_compressed_transcriptomics.study.predict import Prediction

_SPLITS = {"blocks": "Blocks of space", "random": "Random samples"}


class PredictMaps(Dock):
    """Predict maps from latents, and show how well; Cancel keeps the targets done."""

    recalls = True

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._work = session(napari_viewer).work
        self.layer = LayerChoice(napari_viewer)
        self.results = ComputedLatents(napari_viewer)
        self.targets = TargetChoice(napari_viewer)
        self.compartments = CompartmentChoice(napari_viewer)
        self.methods = MethodChoice(
            {**titles(), GENES: "all genes (ridge)"}, ("residual", "pca", GENES)
        )
        self.sizes = LatentSizes((8,))
        self.images = FileList("Latent images", NIFTI, "Add &images…", rows=2)
        self.images.list.setMaximumHeight(self.images.list.minimumHeight())
        self.images.setToolTip(
            "Existing latents, such as the published ones: one image per component, all together "
            "one set of features."
        )
        regressors = {name: title.capitalize() for name, title in REGRESSORS.items()}
        self.regressors = MethodChoice(regressors, ("ridge",))
        self.regressors.boxes["trees"].setToolTip(
            "Of regression trees. Takes much longer, and gives no p-values."
        )
        self.splits = MethodChoice(_SPLITS, ("blocks",))
        self.splits.boxes["blocks"].setToolTip(
            "Contiguous blocks are held out, each with its mirror image: neighbours are alike, "
            "and would give the answer away."
        )
        self.folds, self.repeats, self.surrogates, self.seed = (count() for _ in range(4))
        self.buffer = count(
            "none",
            "Of blocks: samples nearer to held-out ones are not trained on. None: surrogate "
            "maps are as smooth as the target, and allow for neighbours.",
        )
        self.buffer.setSuffix(" mm")
        self.cluster = ClusterField("predict one target each")
        self.bar = RunBar("Predict maps", keep_best=True)
        self.cost = wrapping_label()
        self.view = PredictionView(napari_viewer)
        self._cost = ""
        self._offered: Expression | None = None
        self._background = Background(self)
        self._background.answered.connect(self.methods.offer)
        self._defaults()
        self._arrange()
        on_change(self._refresh, self.targets, self.methods, self.sizes, self.results, self.images)
        on_change(self._refresh, self.regressors, self.splits, self.buffer, self.compartments)
        self.layer.changed.connect(self._offer_methods)
        self.bar.calls(self._start, self._on_predicted, self._refresh, self._again)
        self.bar.progressed.connect(lambda _: self.cost.setText(self._cost))
        self._work.study_opened.connect(self._show_opened)
        self._show_opened()
        self._offer_methods()

    def _show_opened(self) -> None:
        """Show a prediction that was opened, or that a dock made which was closed."""
        if self._work.prediction is not None and self._work.prediction is not self.view.prediction:
            self.view.show_prediction(self._work.prediction)
            self.tabs.setCurrentIndex(1)

    def _defaults(self) -> None:
        """Start from the settings that a request has by itself."""
        boxes = {
            "n_folds": (self.folds, 2),
            "n_repeats": (self.repeats, 1),
            "n_surrogates": (self.surrogates, 0),
            "seed": (self.seed, 0),
        }
        for name, (box, least) in boxes.items():
            box.setMinimum(least)
            box.setValue(getattr(PredictRequest, name))
        for box in (self.folds, self.repeats):
            box.setSpecialValueText("")
        self.surrogates.setSpecialValueText("none")
        self.surrogates.setToolTip(
            "Maps as smooth and as symmetric as the target, with its steps between compartments: "
            "p is the share of them that is predicted at least as well. None: no p-values."
        )

    def _arrange(self) -> None:
        numbers = {
            "&Folds": self.folds,
            "Re&peats": self.repeats,
            "&Buffer": self.buffer,
            "Surro&gates": self.surrogates,
            "&Seed": self.seed,
        }
        self.setup = QWidget()
        stack(
            self.setup,
            _heading("Targets"),
            (self.targets, 1),
            form(("Compart&ments", self.compartments)),
            _heading("Predict them from"),
            self.methods,
            form(("&Components", self.sizes)),
            self.results,
            QLabel("and from latent images"),
            self.images,
            _heading("How"),
            self.regressors,
            QLabel("held out:"),
            self.splits,
            _grid(numbers),
            form(("C&luster", self.cluster)),
            margins=2,
        )
        self.tabs = tabs({"Set &up": scrolling(self.setup), "Resu&lt": scrolling(self.view)})
        self.lay_out((self.tabs, 1), self.bar, self.cost, chosen=("E&xpression", self.layer))

    def request(self) -> PredictRequest:
        """Return the settings, without targets and images; a `UserError` says what is missing."""
        expression = self.layer.expression()
        if not self.targets.n_chosen:
            raise UserError("Add the maps to predict: NIfTI files or region tables.")
        methods = self.methods.methods
        features = self.results.features(expression)
        if not (methods or features or self.images.paths):
            raise UserError("Check at least one method or result, or add latent images.")
        request = PredictRequest(
            expression=expression,
            targets=(),
            methods=methods,
            latent_sizes=self.sizes.sizes(),
            features=features,
            regressors=self.regressors.methods,
            splits=self.splits.methods,  # type: ignore[arg-type]
            n_folds=self.folds.value(),
            n_repeats=self.repeats.value(),
            buffer=float(self.buffer.value()),
            n_surrogates=self.surrogates.value(),
            compartments=self.compartments.volume(),
            seed=self.seed.value(),
            device=settings.preferences().device,
            scheduler=self.cluster.scheduler,
        )
        check_settings(request)
        return request

    def files(self) -> MapFiles:
        """Return what is to be read: files, and the layers as they are now."""
        return MapFiles(self.targets.maps(), self.targets.region_list, self.images.paths)

    def _again(self) -> Repeat:
        request, files = self.request(), self.files()
        request = replace(request, compartments=self.compartments.saved_volume())
        from_files = PredictFiles(
            files_of(
                ("", [{"path": one}]) if isinstance(one, Path)
                else (one.name, [one.source.get("volume")])
                for one in files.targets
            ),
            files.regions,
            [*image_files(request.features), *files.images],
        )  # fmt: skip
        return predict_again(request, results_in(request.expression.name, "predicted"), from_files)

    def _offer_methods(self) -> None:
        expression = None
        with suppress(UserError):
            expression = self.layer.expression()
        if expression is not self._offered:
            self._offered = expression
            self._background.ask(partial(_problems, expression))
        self._refresh()

    def _refresh(self) -> None:
        self.bar.check(self.request)

    def _start(self) -> None:
        request, files = self.request(), self.files()
        if request.compartments is not None:  # the layer may be painted in meanwhile
            request = replace(request, compartments=request.compartments.copy())
        self._tell_cost("")
        self.cost.clear()
        self.bar.start(partial(predict_from_files, request, files, self._tell_cost))
        self._refresh()

    def _tell_cost(self, words: str) -> None:
        """Keep what the job's thread says, until the next progress shows it."""
        self._cost = words

    def _on_predicted(self, prediction: "Prediction") -> None:
        self.cost.clear()
        self._work.keep_study("prediction", prediction)
        self.view.show_prediction(prediction)
        self.tabs.setCurrentIndex(1)
        self._refresh()


def _problems(expression: "Expression | None") -> dict[str, str]:
    """Return why methods cannot be had; looks at all values, and imports PyTorch."""
    load_torch_library()
    names = (*METHODS, GENES)
    return {name: offered_problem(name, expression) for name in names} if expression else {}


def _heading(title: str) -> QLabel:
    return QLabel(f"<b>{title}</b>")


def _grid(fields: dict[str, QSpinBox]) -> QGridLayout:
    """Lay fields out in two columns, each beside its title."""
    grid = QGridLayout()
    for place, (title, field) in enumerate(fields.items()):
        row, column = divmod(place, 2)
        label = QLabel(title)
        label.setBuddy(field)
        field.setStyleSheet("min-width: 52px")  # docks are narrow
        grid.addWidget(label, row, 2 * column)
        grid.addWidget(field, row, 2 * column + 1)
        grid.setColumnStretch(2 * column + 1, 1)
    return grid
