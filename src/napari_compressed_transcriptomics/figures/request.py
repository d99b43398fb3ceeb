"""What a figure shows and how it looks: all that is needed to draw it again, JSON-safe."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from napari_compressed_transcriptomics.core.errors import UserError, listing

from .colors import SIGNED

VIEWS = ("slices", "ortho", "surface", "plot")
PLANES = ("axial", "coronal", "sagittal")
PLOTS = ("density", "histogram", "regions", "genes", "latents", "comparison", "prediction")
"""What a plot may be of, in place of maps."""
CM = 2.54
"""Centimetres an inch."""
MAX_SLICES = 60
MAX_PIXELS = 20_000
"""Across."""
_BOUNDS = {
    "width_cm": (3, 100, "cm"),
    "font_pt": (4, 24, "pt"),
    "dpi": (30, 2400, "dots an inch"),
    "n": (1, MAX_SLICES, "slices"),
}


@dataclass(frozen=True)
class FigureRequest:
    """A figure to be drawn."""

    what: tuple[str, ...] = ("rmse",)
    """Maps, one below the other: ``rmse``, ``held-out``, ``distance``, ``component:3``,
    ``gene:CALB1``, ``reconstructed:CALB1``, ``difference:CALB1``, ``target:NAME``,
    ``predicted:NAME``; or, of the view "plot", one of `PLOTS`."""
    view: str = "slices"
    """Slices side by side, three planes through one place, the cortex from four sides, or a plot.
    One of "slices", "ortho", "surface", "plot"."""
    planes: tuple[str, ...] = ("axial",)
    """Of the slices: "axial", "coronal", "sagittal"."""
    mm: tuple[float, ...] = ()
    """Where the slices are, in RAS mm along the axis that is across them; `n` of each plane, spaced
    evenly over the brain, where there are none."""
    n: int = 6
    """Slices of each plane."""
    place: tuple[float, float, float] | None = None
    """RAS mm of the crosshair of "ortho"; the middle of the brain where None."""
    low: float | None = None
    high: float | None = None
    """`low`, `high`: ends of the colour scale, in the units of the values; from the values where
    None."""
    colormap: str | None = None
    """Of matplotlib; that of the quantity where None."""
    common: bool = True
    """Whether maps of the same quantity have the same scale."""
    width_cm: float = 17.0
    """The height follows."""
    font_pt: float = 8.0
    """Size of text in points."""
    dpi: int = 300
    """Dots an inch: of PNG, and of pictures within SVG and PDF."""
    template: bool = False
    """Whether the MNI152 template is drawn behind slices; the data must be in that space."""
    mesh: str = "pial"
    """Of the view "surface": ``pial`` or ``inflated``."""
    outline: bool = True
    letters: bool = True
    colorbar: bool = True
    captions: bool = True
    """`outline`, `letters`, `colorbar`, `captions`: whether there are outlines of the data, letters
    of directions, a colour bar, and the millimetres of each slice."""
    title: str = ""

    def __post_init__(self) -> None:
        _one_of("view", self.view, VIEWS)
        _one_of("mesh", self.mesh, ("pial", "inflated"))
        if not self.what:
            raise UserError("The figure has nothing to show; say what, such as rmse")
        if not self.planes:
            raise UserError(f"The figure has no plane; choose among {', '.join(PLANES)}")
        for plane in self.planes:
            _one_of("plane", plane, PLANES)
        if self.view == "plot":
            if len(self.what) > 1:
                raise UserError(f"A plot shows one thing, not {listing(self.what)}; choose one")
            _one_of("plot", self.what[0], PLOTS)
        elif plots := [name for name in self.what if name in PLOTS]:
            raise UserError(f"{plots[0]} is a plot, which has no view {self.view}; choose plot")
        for name, (low, high, unit) in _BOUNDS.items():
            value = getattr(self, name)
            if not low <= value <= high:  # false of NaN, too
                raise UserError(f"{name} is {value:g}; choose {low:g} to {high:g} {unit}")
        self._check_numbers()

    def _check_numbers(self) -> None:
        if not all(math.isfinite(mm) for mm in self.mm):
            raise UserError("A slice is at no number of millimetres; give finite ones")
        if len(self.mm) > MAX_SLICES:
            raise UserError(f"{len(self.mm)} slices are too many for a figure; give {MAX_SLICES}")
        if self.place is not None and not (
            len(self.place) == 3 and all(math.isfinite(mm) for mm in self.place)
        ):
            raise UserError("The place must be three finite numbers in mm: x, y and z")
        ends = [end for end in (self.low, self.high) if end is not None]
        if not all(math.isfinite(end) for end in ends) or (len(ends) == 2 and ends[0] >= ends[1]):
            raise UserError(
                f"The scale from {self.low} to {self.high} is not possible; give the lower number "
                "first"
            )
        if self.width_pixels > MAX_PIXELS:
            raise UserError(
                f"{self.width_cm:g} cm at {self.dpi} dots an inch are {self.width_pixels:,} "
                f"pixels; choose a size or resolution of at most {MAX_PIXELS:,}"
            )
        if self.colormap is not None:
            from matplotlib import colormaps

            if self.colormap not in (*colormaps, SIGNED):
                raise UserError(
                    f"There is no colour map {self.colormap!r}; take one of matplotlib, such as "
                    "viridis"
                )

    @property
    def width_pixels(self) -> int:
        """Pixels across, of PNG."""
        return round(self.width_cm / CM * self.dpi)

    @property
    def width(self) -> float:
        """Width in inches, at which there is a whole number of pixels."""
        # Matplotlib cuts off what is behind the point: a little more, lest a pixel be lost.
        return (self.width_pixels + 1e-3) / self.dpi

    def record(self) -> dict[str, Any]:
        """Return the settings, JSON-safe."""
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
        }

    @classmethod
    def of_record(cls, record: Mapping[str, Any]) -> "FigureRequest":
        """Return the request that `record` is of.

        Raises
        ------
        UserError
            A setting is unknown or of the wrong kind.
        """
        known = {field.name: field.default for field in fields(cls)}
        for name, value in record.items():
            if name not in known:
                raise UserError(f"The settings of a figure have no {name!r}; remove it")
            if not _fits(value, known[name], name):
                raise UserError(f"The figure's setting {name} cannot be {value!r}; fix it")
        settings: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in record.items()
        }
        return cls(**settings)


USUAL_OF_MOVIES: dict[str, Any] = {"width_cm": 12.0, "dpi": 100}
"""Settings of movies that differ from those of figures: 60 pictures for a page are a large file."""


@dataclass(frozen=True)
class Movie:
    """How a brain turns."""

    frames: int = 60
    """Of one turn."""
    per_second: int = 20

    def __post_init__(self) -> None:
        for name, most in (("frames", 1000), ("per_second", 60)):
            value = getattr(self, name)
            if not (isinstance(value, int) and 2 <= value <= most):
                raise UserError(f"{name} of the movie is {value}; choose 2 to {most:,}")


def _one_of(what: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise UserError(f"There is no {what} {value!r}; choose among {', '.join(known)}")


def _fits(value: Any, default: Any, name: str) -> bool:
    """Tell whether a value read from JSON is of the kind of a setting."""
    if name in ("low", "high", "place", "colormap") and value is None:
        return True
    if name in ("mm", "place"):
        return isinstance(value, list | tuple) and all(map(_is_number, value))
    if isinstance(default, bool):
        return isinstance(value, bool)
    if isinstance(default, tuple):
        return isinstance(value, list | tuple) and all(isinstance(part, str) for part in value)
    if isinstance(default, int):
        return isinstance(value, int) and not isinstance(value, bool)
    if isinstance(default, float) or name in ("low", "high"):
        return _is_number(value)
    return isinstance(value, str)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
