"""Expression values that are not here: of a result opened again, or of latents alone."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.lazy_values import LazyValues, Values

NO_ERROR = "No error is known of latents alone: open and encode the expression they stand for"

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression


class ValuesElsewhere:
    """What `LazyValues` reads from where the values themselves are not at hand.

    Until somebody brings them, whoever reads them gets them by `read`, if there is a way, and
    else a `UserError`.

    Parameters
    ----------
    name : str
        Of the expression.
    shape : (int, int)
        Samples and genes.
    why : str
        The sentence that says what is missing, and what to do.
    sha256 : str
        Of the values, where it is known, as `provenance.array_sha256` gives it.
    read : callable, optional
        Returns the values, float32 of that shape, checked.
    """

    limits: tuple[float, float] | None = None

    def __init__(
        self,
        name: str,
        shape: tuple[int, int],
        why: str,
        sha256: str = "",
        read: Callable[[], Values] | None = None,
    ) -> None:
        self.name, self.shape, self.why, self.sha256 = name, shape, why, sha256
        self.read = read
        self._values: Values | None = None

    @property
    def at_hand(self) -> bool:
        """Whether values are read without waiting."""
        return self._values is not None

    @property
    def rows_together(self) -> int:
        """As of the values; all rows of an array."""
        values = self._values if self.read is None else self._here()
        return values.matrix.rows_together if isinstance(values, LazyValues) else self.shape[0]

    def bring(self, values: Values) -> None:
        """Take the values, which are there from now on."""
        if values.shape != self.shape:
            raise ValueError(f"values have shape {values.shape}, not {self.shape}")
        self._values = values

    def read_rows(self, first: int, last: int) -> np.ndarray:
        """Return rows of the values; a `UserError` says why they are missing."""
        return np.asarray(self._here()[first:last])

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        """Return columns of the values; a `UserError` says why they are missing."""
        return np.asarray(self._here()[:, columns])

    def _here(self) -> Values:
        if self._values is None:
            if self.read is None:
                raise UserError(self.why)
            self.bring(self.read())
        assert self._values is not None
        return self._values


def elsewhere(expression: "Expression") -> ValuesElsewhere | None:
    """Return what an expression's values are brought to, if they do not come with it."""
    matrix = getattr(expression.values, "matrix", None)
    return matrix if isinstance(matrix, ValuesElsewhere) else None


def at_hand(expression: "Expression") -> bool:
    """Whether the values of an expression can be read without waiting."""
    matrix = elsewhere(expression)
    return matrix is None or matrix.at_hand


def why_elsewhere(expression: "Expression") -> str:
    """Return the sentence that says why originals cannot be shown, empty where they can."""
    matrix = elsewhere(expression)
    return "" if matrix is None or matrix.at_hand else matrix.why


def known_sha256(expression: "Expression") -> str | None:
    """Return the hash of the values, or None where neither they nor it are here."""
    from napari_compressed_transcriptomics.core.provenance import values_sha256

    matrix = elsewhere(expression)
    known = matrix is None or matrix.at_hand or matrix.sha256
    return values_sha256(expression.values) if known else None
