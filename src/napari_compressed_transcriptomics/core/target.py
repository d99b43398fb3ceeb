"""What is predicted, and from what: maps with one number, or a few, for each sample."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class _Read:
    name: str
    values: np.ndarray
    """Float64; NaN where it says nothing."""
    notes: tuple[str, ...] = ()
    """What was noticed on reading that the user should know."""
    source: dict[str, Any] = field(default_factory=dict)
    """Path and SHA-256 of the files read, as `Expression.source`."""


class Target(_Read):
    """A map of the brain in its own units: `values` has one for each sample, (n_samples,)."""


class Features(_Read):
    """Latents from elsewhere (opened by the user, or published): `values` is (n_samples, k).

    The name is that of the method in the table of results.
    """
