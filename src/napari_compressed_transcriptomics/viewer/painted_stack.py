"""Several numbers of each sample as one stack of volumes, painted a slice or a volume at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.expression import Parcellation

Limits = tuple[float, float]


class PaintedStack:
    """What napari takes for an array (component, z, y, x); the component seen last is in memory.

    A stack of 32 components on a grid of 256 x 256 x 256 would take 2.1 GB, and painting it
    seconds; of slices, only what is read is painted. It is float32, NaN outside, or as `paint`
    has it.

    Parameters
    ----------
    view : Parcellation
        Where the samples lie, laid out for the viewer.
    values : ndarray, shape (n_samples, k)
    paint : callable, optional
        Called with `view`, the values of a component, its limits, and the part of the volume that
        is wanted, as `Parcellation.paint` has it.
    limits : dict of int to tuple, optional
        What `paint` is given for each component; change one with `set_limits`.
    """

    ndim = 4
    dtype = np.dtype(np.float32)

    def __init__(
        self,
        view: Parcellation,
        values: np.ndarray,
        paint: Callable[[Parcellation, np.ndarray, Limits, Any], np.ndarray] | None = None,
        limits: dict[int, Limits] | None = None,
    ):
        self.view, self.values = view, values
        self.shape = (values.shape[1], *view.labels.shape)
        self.size = int(np.prod(self.shape))
        self._paint, self._limits = paint, dict(limits or {})
        self._last: tuple[int, np.ndarray] | None = None

    def __len__(self) -> int:
        return self.shape[0]

    def __deepcopy__(self, memo: dict) -> "PaintedStack":
        return PaintedStack(self.view, self.values, self._paint, self._limits)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        """Paint all."""
        if copy is False:
            raise ValueError("a stack is painted when it is read; it cannot be had without a copy")
        return np.stack([self.component(k) for k in range(len(self))]).astype(dtype or self.dtype)

    def __getitem__(self, key: Any) -> np.ndarray:
        key = key if isinstance(key, tuple) else (key,)
        if key[0] is Ellipsis or np.ndim(key[0]) > 1:  # a mask, say
            return np.asarray(self)[key]
        first, rest = key[0], key[1:]
        if isinstance(first, int | np.integer):
            if not -len(self) <= first < len(self):
                raise IndexError(f"component {first} of {len(self)}")
            return self._part(int(first) % len(self), rest)
        wanted = np.arange(len(self))[first]
        parts = [self._part(k, rest) for k in wanted]
        if len(parts) == 1:  # what napari reads in 3-D: not copied
            return parts[0][None]
        return np.stack(parts) if parts else np.empty((0, *self.shape[1:]), self.dtype)[:, *rest]

    def _part(self, k: int, rest: tuple[Any, ...]) -> np.ndarray:
        """Return a part of a component: where it is a slice, nothing else is painted."""
        few = self.view.labels[rest].size < self.view.labels.size / 4
        return self._painted(k, rest) if few else self.component(k)[rest]

    def _painted(self, k: int, part: Any = ...) -> np.ndarray:
        if self._paint is None:
            return self.view.paint(self.values[:, k], part)
        return self._paint(self.view, self.values[:, k], self._limits[k], part)

    def component(self, k: int) -> np.ndarray:
        """Return one component, shape (z, y, x), to be read only."""
        if self._last is None or self._last[0] != k:
            volume = self._painted(k)
            volume.flags.writeable = False
            self._last = k, volume
        return self._last[1]

    def set_limits(self, k: int, limits: Limits) -> None:
        """Give `paint` other limits for a component from now on."""
        self._limits[k] = limits
        if self._last is not None and self._last[0] == k:
            self._last = None
