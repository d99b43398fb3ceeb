"""How users train: a recipe, a latent size and the data; the rest has defaults."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.device import resolve_device
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import array_sha256

from .codec import Codec
from .fitting import fit_codec
from .training.settings import OLD_RECIPES

RECIPES = ("residual", "autoencoder")
_TRAINED = ("autoencoder", "residual")
_SETTINGS = (
    "hidden_sizes", "max_epochs", "batch_size", "patience", "learning_rate", "validation",
)  # fmt: skip

_PUBLISHED = {
    "from_mean": False,
    "max_epochs": 50_000,
    "patience": 300,
    "batch_size": 128,
    "learning_rate": 1e-3,
    "schedule": "constant",
    "loss": "sum",
    "weight_decay": 1e-4,
    "drop_last": True,
}


@dataclass(frozen=True)
class TrainRequest:
    """Everything that decides the outcome of training; None takes what the recipe says.

    Attributes
    ----------
    expression : Expression
        The data to train on.
    latent_size : int
        Number of components.
    recipe : {"residual", "autoencoder"}
        The codec and training with the lowest error on data held out, or architecture, loss
        and optimiser of Ruffle et al. 2024 (doi:10.1002/hbm.26795). That training measured its
        validation error on rows it also trained on; here they are held out.
    codec : str, optional
        Another codec instead of the recipe's (``autoencoder``, ``pca``).
    hidden_sizes : tuple of int, optional
        Hidden layers, from the genes to the latents.
    max_epochs, batch_size, patience : int, optional
        Most epochs, samples per step, and epochs without improvement; see
        `training_settings.TrainingSettings`, also for those that follow.
    learning_rate : float, optional
        The initial one.
    validation : {"random", "blocks"}, optional
        How rows are held out.
    seed : int
        Of all that is left to chance.
    device : str
        ``auto``, ``cuda``, ``mps`` or ``cpu``.
    checkpoint : Path, optional
        The model file beside which to keep checkpoints (`resume.Checkpoints`). Code that saves
        the model removes them with `resume.remove_checkpoints`.
    resume : bool
        Continue from the checkpoints that are there; without it they are refused.
    """

    expression: Expression
    latent_size: int
    recipe: str = "residual"
    codec: str | None = None
    hidden_sizes: tuple[int, ...] | None = None
    max_epochs: int | None = None
    batch_size: int | None = None
    patience: int | None = None
    learning_rate: float | None = None
    validation: str | None = None
    seed: int = 0
    device: str = "auto"
    checkpoint: Path | None = None
    resume: bool = False

    def settings(self) -> dict[str, Any]:
        """Return the settings that are given, by name."""
        given = {name: getattr(self, name) for name in _SETTINGS}
        return {name: value for name, value in given.items() if value is not None}


def recipe_settings(recipe: str) -> tuple[str, dict[str, Any]]:
    """Return the codec id of a recipe, and the settings that make it.

    Raises
    ------
    UserError
        If there is no such recipe.
    """
    recipe = OLD_RECIPES.get(recipe, recipe)
    if recipe in RECIPES:
        return recipe, dict(_PUBLISHED) if recipe == "autoencoder" else {}
    raise UserError(f"There is no recipe {recipe!r}; choose one of {', '.join(RECIPES)}")


def train_codec(request: TrainRequest, report: Report = silent) -> Codec:
    """Train as asked and return the codec.

    Parameters
    ----------
    request : TrainRequest
        What to train, and how.
    report : callable, optional
        Called with each `Progress`, after each epoch with ``values``
        ``{"train": RMSE, "validation": RMSE}``; may raise `Stop`, which ends training early
        with the best model so far, or `Cancelled`.

    Raises
    ------
    UserError
        If data and settings do not fit together, if there are checkpoints without `resume`, or if
        with it they are missing or of other training.
    """
    codec_id, settings = recipe_settings(request.recipe)
    if request.codec is not None and request.codec != codec_id:
        codec_id, settings = request.codec, {}
    given = request.settings()
    if codec_id not in _TRAINED and (given or request.resume):
        word = next(iter(given), "resume")
        raise UserError(f"{codec_id} is computed, not trained in epochs; leave out {word}")
    expression = request.expression
    settings |= given
    max_epochs = settings.pop("max_epochs", None)
    if request.checkpoint is not None and codec_id in _TRAINED:
        report(Progress("Preparing", 0, 1))
        settings["checkpoints"] = _checkpoints(request, codec_id)
    from .training.checkpoints import threads_of

    with threads_of(settings.get("checkpoints")):
        codec = fit_codec(
            codec_id,
            expression,
            request.latent_size,
            seed=request.seed,
            device=request.device,
            max_epochs=max_epochs,
            report=report,
            **settings,
        )
    if request.codec is None:
        codec.training["recipe"] = OLD_RECIPES.get(request.recipe, request.recipe)
    return codec


def _checkpoints(request: TrainRequest, codec_id: str) -> Any:
    from .training.checkpoints import Checkpoints

    assert request.checkpoint is not None
    expression = request.expression
    about = {
        "data": expression.values_sha256,
        "genes": sha256("\n".join(expression.genes).encode()).hexdigest(),
        "codec": codec_id,
        "recipe": OLD_RECIPES.get(request.recipe, request.recipe),
        "latent size": request.latent_size,
        "seed": request.seed,
        **request.settings(),
    }
    if request.validation == "blocks":
        about["positions"] = array_sha256(expression.parcellation.positions)
    device = resolve_device(request.device).name
    return Checkpoints(request.checkpoint, about, request.resume, device)
