"""How a network is trained."""

import math
from dataclasses import dataclass

from napari_compressed_transcriptomics.core.errors import UserError

USUAL_STEPS = 2000
MAX_EPOCHS = 1_000_000
OLD_RECIPES = {"default": "residual", "published": "autoencoder"}
"""What older versions called recipes, in files and on input."""
_CHOICES = {
    "schedule": ("cosine", "constant"),
    "loss": ("mean", "sum"),
    "validation": ("random", "blocks"),
    "precision": ("auto", "float32", "bfloat16", "float16"),
}


@dataclass(frozen=True)
class TrainingSettings:
    """How to train; the defaults follow the published training where it had a reason."""

    max_epochs: int | None = None
    """Upper bound; None takes what makes about `USUAL_STEPS` steps, 50 to 200."""
    patience: int = 50
    """Epochs without a lower validation error before training stops."""
    batch_size: int | None = None
    """Rows a step; None takes 128, or an eighth of the training rows where they are few."""
    learning_rate: float = 1e-3
    """Of Adam, at first."""
    schedule: str = "cosine"
    """The learning rate falls along half a cosine over `max_epochs`, or stays. One of "cosine",
    "constant"."""
    loss: str = "mean"
    """Over the rows of a batch; over genes it is always the sum. One of "mean", "sum"."""
    weight_decay: float = 1e-4
    """Factor of the sum over weight matrices of their mean square."""
    drop_last: bool = False
    """Leave out an incomplete last batch (other rows each epoch) where there is another."""
    validation: str = "random"
    """Hold out rows at random, or whole blocks of space (`splits.split_blocks`). One of "random",
    "blocks"."""
    validation_fraction: float = 0.1
    """Part of the rows that is held out to decide when to stop."""
    precision: str = "auto"
    """Of the network's products in training; weights, loss and validation are float32. "auto" takes
    bfloat16 on CUDA where the GPU has it, else float16; float32 elsewhere. One of "auto",
    "float32", "bfloat16", "float16"."""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UserError(
                    f"{name} {getattr(self, name)!r} is unknown; choose one of {', '.join(allowed)}"
                )
        for name, least in (("max_epochs", 1), ("patience", 1), ("batch_size", 2)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise UserError(f"{name} {value} is too small; give at least {least}")
        check_epochs(self.max_epochs)
        if not 0 < self.learning_rate < math.inf:
            raise UserError(f"A learning rate of {self.learning_rate} is not possible; try 0.001")

    def batch_for(self, n_rows: int) -> int:
        """Return rows per step: 128, or an eighth of few rows so that an epoch has some steps."""
        return max(2, min(self.batch_size or max(16, min(128, n_rows // 8)), n_rows))

    def epochs_for(self, n_rows: int, batch: int) -> int:
        """Return the upper bound on epochs: fewer where each has many steps."""
        return self.max_epochs or max(50, min(200, USUAL_STEPS * batch // n_rows))


def check_epochs(max_epochs: int | None) -> None:
    """Raise a `UserError` where there are more epochs than anybody waits for."""
    if max_epochs is not None and max_epochs > MAX_EPOCHS:
        raise UserError(f"max_epochs {max_epochs} is too large; give at most {MAX_EPOCHS:,}")
