"""Expression values that are not here: of a result opened again, or of latents alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.lazy_values import LazyValues, Values
from napari_compressed_transcriptomics.core.progress import Report, silent

NO_ERROR = "Latents alone have no known error: open and encode the expression they stand for"

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression


class Origin(Protocol):
    """Where values lie, and how they are read."""

    @property
    def found(self) -> bool:
        """Whether there is something to read."""

    @property
    def is_store(self) -> bool:
        """Whether they are read by genes, so that to open them takes no time."""

    @property
    def why(self) -> str:
        """The sentence that says what is missing now, and what to do."""

    def read(
        self, path: Path | None = None, report: Report = silent
    ) -> "tuple[Expression, Values]":
        """Read and check; a `UserError` says what is not as it was.

        Parameters
        ----------
        path : Path, optional
            Where they lie, if not where they did.
        report : Report, optional

        Returns
        -------
        Expression
            All that lies there.
        Values
            The values that were wanted: these genes, in this order.
        """

    def checked(self, found: "Expression") -> "tuple[Expression, Values]":
        """Return the same of data that were read already; as `read` raises."""


class ValuesElsewhere:
    """What `LazyValues` reads from where the values themselves are not at hand.

    Until they are brought, whoever reads them has them read where they lie, if that is known, and
    else gets a `UserError`.

    Parameters
    ----------
    name : str
        Of the expression.
    shape : (int, int)
        Samples and genes.
    why : str
        The sentence that says what is missing, and what to do, where there is no `origin`.
    sha256 : str
        Of the values, where it is known, as `provenance.array_sha256` gives it.
    origin : Origin, optional
        Where they lie.
    """

    limits: tuple[float, float] | None = None

    def __init__(
        self,
        name: str,
        shape: tuple[int, int],
        why: str = "",
        sha256: str = "",
        origin: Origin | None = None,
    ) -> None:
        self.name, self.shape, self.sha256, self.origin = name, shape, sha256, origin
        self._why = why
        self._values: Values | None = None

    @property
    def at_hand(self) -> bool:
        """Whether values are read without waiting."""
        return self._values is not None

    @property
    def why(self) -> str:
        """The sentence that says what is missing, and what to do."""
        return self._why if self.origin is None else self.origin.why

    @property
    def rows_together(self) -> int:
        """As of the values; all rows of an array."""
        values = self._here() if self.origin is not None and self.origin.found else self._values
        return values.matrix.rows_together if isinstance(values, LazyValues) else self.shape[0]

    @property
    def on_server(self) -> bool:
        """Whether rows that are read come from a server first."""
        return self._values is not None and on_server(self._values)

    def waits_for(self, column: int) -> bool:
        """Tell whether a column that is read comes from a server first."""
        return self._values is not None and waits_for(self._values, column)

    def fetch(self, path: Path | None = None, report: Report = silent) -> "Expression":
        """Read the values where they lie, see `Origin.read`; returns all that lies there."""
        if self.origin is None:
            raise UserError(self.why)
        whole, values = self.origin.read(path, report)
        self.bring(values)
        return whole

    def bring(self, values: Values) -> None:
        """Take the values, which are there from now on."""
        if values.shape != self.shape:
            raise ValueError(f"values have shape {values.shape}, not {self.shape}")
        self._values = values

    def read_rows(self, first: int, last: int, into: np.ndarray | None = None) -> np.ndarray:
        """Return rows of the values; a `UserError` says why they are missing."""
        return np.asarray(self._here()[first:last])

    def read_columns(self, columns: np.ndarray) -> np.ndarray:
        """Return columns of the values; a `UserError` says why they are missing."""
        return np.asarray(self._here()[:, columns])

    def _here(self) -> Values:
        if self._values is None:
            if self.origin is None or not self.origin.found:
                raise UserError(self.why)
            self.fetch()
        assert self._values is not None
        return self._values


def waits_for(values: Values, column: int) -> bool:
    """Tell whether a gene, by its column, must come from a server before it can be shown."""
    if not isinstance(values, LazyValues):
        return False
    at = column if values.columns is None else int(values.columns[column])
    waits = getattr(values.matrix, "waits_for", None)
    return at >= 0 and waits is not None and waits(at)


def on_server(values: Values) -> bool:
    """Tell whether rows that are read come from a server first."""
    return isinstance(values, LazyValues) and getattr(values.matrix, "on_server", False)


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
    matrix = elsewhere(expression)
    known = matrix is None or matrix.at_hand or matrix.sha256
    return expression.values_sha256 if known else None
