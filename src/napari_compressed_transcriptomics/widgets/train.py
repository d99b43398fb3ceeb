"""Dock widget Train autoencoder: fit a codec to an expression layer and watch it learn."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qtpy.QtWidgets import QDoubleSpinBox

from napari_compressed_transcriptomics.codecs.recipes import (
    TrainRequest,
    recipe_settings,
    train_codec,
)
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.repeat.command import Repeat
from napari_compressed_transcriptomics.repeat.compression import train_again
from napari_compressed_transcriptomics.viewer import settings as _settings

from .shared.device_choice import DeviceChoice
from .shared.dock import Dock
from .shared.fields import (
    ask_and_save_model,
    choice,
    count,
    more_settings,
    push_button,
    text_field,
    wrapping_label,
)
from .shared.following import on_change
from .shared.layer_choice import LayerChoice
from .shared.layouts import form
from .shared.method_choice import LatentSize
from .shared.run_bar import RunBar
from .shared.session import session
from .shared_genes import SharedGenes
from .training_curve import TrainingCurve

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.codecs.codec import Codec

_RECIPES = {"residual": "Residual: lowest error", "autoencoder": "As published"}
_VALIDATIONS = {"random": "Random samples", "blocks": "Blocks of space"}


def trained_line(codec: "Codec") -> str:
    """Summarise a training in one line for the widget."""
    record = codec.training
    words = {"stopped": "stopped by you", "patience": "no longer getting better"}
    ended = words.get(record.get("ended", ""), "")
    epochs = f"{record['best_epoch']} of {record['epochs']}{f' ({ended})' if ended else ''}"
    return (
        f"Held-out RMSE {record['validation_rmse']:.4f} in epoch {epochs}; "
        "Compress offers the model now."
    )


class Train(Dock):
    """Train a codec on an expression layer; Cancel keeps the best model so far."""

    recalls = True
    not_recalled = ("device.combo",)

    def __init__(self, napari_viewer: Any):
        super().__init__(napari_viewer)
        self._codec: Codec | None = None
        self._data = ""
        self.layer = LayerChoice(napari_viewer)
        self.recipe = choice(_RECIPES)
        self.latent_size = LatentSize()
        self.genes = SharedGenes(napari_viewer)
        self.device = DeviceChoice(_settings.preferences().device)
        self.hidden = text_field(
            "as the recipe", "Sizes of the encoder's hidden layers, for example 500, 250, 125."
        )
        self.epochs = count("as needed")
        self.batch = count("as fits the data")
        self.learning_rate = QDoubleSpinBox()
        self.learning_rate.setDecimals(6)
        self.learning_rate.setRange(0, 1)
        self.learning_rate.setSingleStep(1e-4)
        self.learning_rate.setSpecialValueText("as the recipe")
        self.validation = choice(
            _VALIDATIONS,
            "What is held out to decide when to stop: samples anywhere, or whole blocks of the "
            "brain, so that neighbours of training samples do not make it look better than it is.",
        )
        self.patience = count(
            "as the recipe", "Epochs without a lower held-out error before training stops."
        )
        self.seed = count()
        self.bar = RunBar("Train autoencoder", "Train", keep_best=True)
        self.curve = TrainingCurve(napari_viewer)
        self.result = wrapping_label()
        self.save_model = push_button("Save model…", call=self._save_model)
        self._arrange()
        on_change(self._offer_sizes, self.layer, self.genes, self.recipe)
        on_change(self._refresh, self.latent_size, self.hidden)
        self.bar.calls(self._start, self._on_trained, self._refresh, self._again)
        self.bar.progressed.connect(self.curve.add)
        self._offer_sizes()

    def _arrange(self) -> None:
        settings = form(
            ("Recipe", self.recipe),
            ("Latent size", self.latent_size),
            ("Genes", self.genes),
            ("Seed", self.seed),
            ("Device", self.device.combo),
        )
        more = form(
            ("Hidden layers", self.hidden),
            ("Epochs", self.epochs),
            ("Batch", self.batch),
            ("Learning rate", self.learning_rate),
            ("Hold out", self.validation),
            ("Patience", self.patience),
        )
        self.more, inner = more_settings("Other settings than the recipe's", more)
        self.more.toggled.connect(self._refresh)
        below = self.bar, self.curve, self.result, self.save_model
        self._form = settings
        parts = settings, self.device, self.more, inner, *below, 0
        self.lay_out(*parts, chosen=("Expression", self.layer))

    def request(self) -> TrainRequest:
        """Return what Train would do now; a `UserError` says why it cannot."""
        expression = self.genes.of(self.layer.expression())
        if self.latent_size.chosen is None:
            raise UserError("No latent size fits this data; open data with more samples or genes.")
        return TrainRequest(
            expression=expression,
            recipe=self.recipe.currentData(),
            latent_size=self.latent_size.chosen,
            seed=self.seed.value(),
            device=self.device.device,
            **(self._settings() if self.more.isChecked() else {}),
        )

    def _again(self) -> Repeat:
        self.genes.check_all()
        return train_again(self.request(), Path("model.safetensors"))

    def _settings(self) -> dict[str, Any]:
        """Return only what was set; the recipe decides the rest."""
        settings: dict[str, Any] = {"validation": self.validation.currentData()}
        if self.hidden.text().strip():
            settings["hidden_sizes"] = _sizes(self.hidden.text())
        for name, box in (
            ("max_epochs", self.epochs),
            ("batch_size", self.batch),
            ("patience", self.patience),
            ("learning_rate", self.learning_rate),
        ):
            if box.value():
                settings[name] = box.value()
        return settings

    def _offer_sizes(self) -> None:
        try:
            expression = self.genes.of(self.layer.expression())
        except UserError:
            expression = None
        self.latent_size.offer(recipe_settings(self.recipe.currentData())[0], expression)
        self._refresh()

    def _refresh(self) -> None:
        self._form.setRowVisible(self.genes, self.genes.is_needed)
        self.bar.check(self.request)
        self.save_model.setEnabled(self._codec is not None and self.bar.job is None)

    def _start(self) -> None:
        request = self.request()
        self._codec = None
        self.result.clear()
        self.curve.clear()
        self._data = request.expression.name
        self.bar.start(partial(train_codec, request))
        self._refresh()

    def _on_trained(self, codec: "Codec") -> None:
        self._codec = codec
        self.curve.redraw()
        self.result.setText(trained_line(codec))
        session(self._viewer).add(codec, self._data)
        self._refresh()

    def _save_model(self) -> None:
        if self._codec is not None and (words := ask_and_save_model(self, self._codec)):
            self.bar.status.setText(words)


def _sizes(text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise UserError(f"Hidden layers {text!r} are not sizes; give numbers like 500, 250, 125.")
    return tuple(int(part) for part in parts)
