"""What is predicted, and from what: maps with one number, or a few, for each sample."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Target:
    """A map of the brain, one value for each sample of an expression."""

    name: str
    values: np.ndarray
    """In the map's own units; NaN where it says nothing. Of float64, shape (n_samples,)."""
    notes: tuple[str, ...] = ()
    """What was noticed on reading that the user should know."""
    source: dict[str, Any] = field(default_factory=dict)
    """Path and SHA-256 of the files read, as `Expression.source`."""


@dataclass(frozen=True, eq=False)
class Features:
    """Latents from elsewhere (images that the user opened, the published ones)."""

    name: str
    """As the method in the table of results."""
    values: np.ndarray
    """NaN where an image says nothing. Of float64, shape (n_samples, k)."""
    notes: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)
