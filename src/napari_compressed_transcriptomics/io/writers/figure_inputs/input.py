"""What figures can show of an input, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.core.brain_space import OTHER, is_mni, space_of
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.figures.brain_map import BrainMap

if TYPE_CHECKING:
    from matplotlib.figure import Figure

UNITS = "(units of the data)"


@dataclass(frozen=True)
class Reading:
    """How inputs of figures are read, as `read_expression` and `read_results`."""

    atlas: str | None = None
    labels: str | None = None
    """`atlas`, `labels`: where rows of tables lie; of results of voxels, the regions of the plot of
    regions."""
    ids: str | None = None
    impute: str | None = None
    variant: str | None = None
    """`ids`, `impute`, `variant`: see `read_expression`."""
    model: str | None = None
    """Model file that reconstructs expression."""
    space: str | None = None
    """The brain's, one of `core.brain_space.SPACES`, where files do not say."""
    surface: list[str] = field(default_factory=list)
    vertices_of: list[str] = field(default_factory=list)
    """`surface`, `vertices_of`: GIFTI surfaces that say where vertices lie, and masks that name
    those with values."""
    hemisphere: str = ""
    """Of vertices, where files do not say."""


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

    def check_mni(self) -> str:
        """Return what is to be noted where the template or fsaverage is put in place.

        Raises
        ------
        UserError
            The data are known to lie in another space.
        """
        space = space_of(self.source)
        if space == OTHER:
            raise UserError(
                f"{self.name} is in another space than MNI152, in which the template and the "
                "cortical surface lie; show slices, with --no-template"
            )
        return "" if is_mni(space) else f"{self.name} is taken to be in MNI152 (say --space)"

    def map(self, what: str) -> BrainMap:
        """Return the map of a name; a `UserError` says what there is in place of another."""
        raise NotImplementedError

    def plot(self, what: str) -> "Callable[..., Figure]":
        """Return a function of ``figure`` and ``foreground`` that draws the plot of a name."""
        raise NotImplementedError
