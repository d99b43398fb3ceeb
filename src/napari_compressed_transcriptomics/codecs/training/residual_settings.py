"""How residual autoencoders are trained, and what suits how much data."""

import math
from dataclasses import dataclass
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError

from .settings import check_epochs

MANY_ROWS = 1000
"""Above this overfitting is no longer what limits, and one part held out tells enough."""


@dataclass(frozen=True)
class ResidualSettings:
    """How to train; nothing here needs to be known to use it."""

    hidden_sizes: tuple[int, int] = (256, 64)
    """Layers of each branch."""
    steps: int = 800
    """Optimiser steps, where `max_epochs` is not given."""
    max_epochs: int | None = None
    """Passes over the data; 0 gives PCA."""
    patience: int | None = None
    """Epochs without a lower validation error before training stops; None for never."""
    measures: int = 16
    """At how many evenly spaced epochs the validation error is measured."""
    batch_size: int = 128
    """Rows a step, or all if they are fewer."""
    learning_rate: float = 2e-3
    """Of Adam, at first; it falls along half a cosine over all epochs."""
    drop: float = 0.3
    """Part of the features that each step leaves out."""
    noise: float = 0.05
    """Norm of the noise added to a row, over the rows' typical norm."""
    validation: str = "random"
    """Hold out rows at random, or whole blocks of space (`splits.fold_blocks`). One of "random",
    "blocks"."""

    def __post_init__(self) -> None:
        if len(self.hidden_sizes) != 2 or min(self.hidden_sizes) < 1:
            sizes = ", ".join(map(str, self.hidden_sizes)) or "none"
            raise UserError(f"The residual autoencoder has two hidden layers, not {sizes}")
        if self.validation not in ("random", "blocks"):
            raise UserError(f"validation {self.validation!r} is unknown; choose random or blocks")
        check_epochs(self.max_epochs)
        if not 0 < self.learning_rate < math.inf:
            raise UserError(f"A learning rate of {self.learning_rate} is not possible; try 0.002")
        if self.batch_size < 1:
            raise UserError(f"A batch of {self.batch_size} rows is not possible; try 128")

    @classmethod
    def for_data(cls, n_rows: int, latent_size: int, **given: Any) -> "ResidualSettings":
        """Return the settings for so many rows: larger networks, and less restraint, for many.

        The more components there are (with few rows: for a row), the more a network can learn by
        heart, and the more is dropped; up to 8 of many rows, nothing. With many rows, few
        components take longer to find, and larger steps save half of them.
        """
        if n_rows > MANY_ROWS:
            usual: dict[str, Any] = {
                "hidden_sizes": (256, 128),
                "steps": round(1000 * min(3.0, max(1.0, 18 / latent_size - 1))),
                "learning_rate": 4e-3,
                "drop": 0.1 * min(1.0, max(0.0, (latent_size - 8) / 24)),
            }
        else:
            usual = {"drop": 0.2 + 0.3 * min(1.0, 2 * latent_size / n_rows)}
        return cls(**(usual | given))
