"""What figures can show of an input, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.figures.brain_map import BrainMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS = "(units of the data)"


@dataclass(frozen=True)
class Reading:
    """How inputs of figures are read, as `read_expression` and `read_results`.

    Attributes
    ----------
    atlas, labels : str or None
        Where rows of tables lie; of results of voxels, the regions of the plot of regions.
    ids, impute, variant : str or None
        See `read_expression`.
    model : str or None
        Model file that reconstructs expression.
    """

    atlas: str | None = None
    labels: str | None = None
    ids: str | None = None
    impute: str | None = None
    variant: str | None = None
    model: str | None = None


AS_IT_IS = Reading()


class Input:
    """What figures can show of one input.

    Attributes
    ----------
    name : str
        Short, for titles.
    source : dict
        Path and SHA-256 of what was read, as `Expression.source`.
    notes : tuple of str
    """

    name: str
    source: dict[str, Any]
    notes: tuple[str, ...] = ()

    def map(self, what: str) -> BrainMap:
        """Return the map of a name; a `UserError` says what there is in place of another."""
        raise NotImplementedError

    def plot(self, what: str) -> "Callable[..., Figure]":
        """Return a function of ``figure`` and ``foreground`` that draws the plot of a name."""
        raise NotImplementedError
