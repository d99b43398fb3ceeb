"""Whether the tensors of a model are those that it needs."""

from typing import Any

import numpy as np

from .errors import UserError


def check_shapes(tensors: dict[str, Any], expected: dict[str, tuple[int, ...]]) -> None:
    """Raise a `UserError` that names the first tensor that is missing, extra or misshapen."""
    for name in (*expected, *tensors):
        if name not in tensors:
            raise UserError(f"The model lacks the tensor {name}; it is not complete")
        if name not in expected:
            raise UserError(f"The model has a tensor {name} that its settings do not account for")
        if tuple(tensors[name].shape) != expected[name]:
            raise UserError(
                f"The model's tensor {name} has shape {tuple(tensors[name].shape)}, "
                f"its settings and genes need {expected[name]}"
            )


def check_finite(tensors: dict[str, Any]) -> None:
    """Raise a `UserError` that names the first tensor with values that are no numbers."""
    for name, tensor in tensors.items():
        # neutral values may be unknown
        if name != "neutral" and not np.isfinite(tensor).all():
            raise UserError(
                f"the tensor {name} holds NaN or infinite values; fetch or train the model again"
            )
