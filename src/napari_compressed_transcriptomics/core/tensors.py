"""Whether the parts of a model, its tensors and settings, are those that it needs."""

import math
from typing import Any

import numpy as np

from .errors import UserError

MAX_UNITS = 2**31 - 1
LARGEST = 1e30


def check_tensors(
    tensors: dict[str, Any], expected: dict[str, tuple[int, ...]], unknown: str = ""
) -> None:
    """Raise a `UserError` that names the first tensor that is not as it should be.

    That is: missing, extra, misshapen, not of floating-point numbers (counters may be whole), or
    with values that are no numbers.

    Parameters
    ----------
    tensors : dict of str to ndarray
    expected : dict of str to tuple of int
        Shapes by name.
    unknown : str, optional
        The tensor that may hold NaN.
    """
    for name in (*expected, *tensors):
        if name not in tensors:
            raise UserError(f"The model lacks the tensor {name}; it is not complete")
        if name not in expected:
            raise UserError(f"The model has a tensor {name} that its settings do not account for")
        tensor = tensors[name]
        if tuple(tensor.shape) != expected[name]:
            raise UserError(
                f"The model's tensor {name} has shape {tuple(tensor.shape)}, "
                f"its settings and genes need {expected[name]}"
            )
    for name, tensor in tensors.items():
        counter = name.endswith("num_batches_tracked") and tensor.dtype.kind in "iu"
        if tensor.dtype.kind != "f" and not counter:
            raise UserError(
                f"The model's tensor {name} holds {tensor.dtype} where fractions belong; fetch or "
                "train the model again"
            )
        if name != unknown and not np.isfinite(tensor).all():
            raise UserError(
                f"The model's tensor {name} holds NaN or infinite values; fetch or train the "
                "model again"
            )


def whole(value: Any, name: str) -> int:
    """Return a setting from a model file that must be a whole number from 1, else a `UserError`."""
    if type(value) is not int or not 1 <= value <= MAX_UNITS:
        raise UserError(f"The model's {name} is {value!r}, not a whole number from 1")
    return value


def fraction(value: Any, name: str, above: float = -math.inf) -> float:
    """Return a setting from a model file that must be a number above `above`.

    Raises
    ------
    UserError
        If it is none, or too large for float32 to work with.
    """
    if type(value) not in (int, float) or not max(above, -LARGEST) < value < LARGEST:
        than = "" if above == -math.inf else f" above {above:g}"
        raise UserError(f"The model's {name} is {value!r}, not a number of usual size{than}")
    return float(value)
