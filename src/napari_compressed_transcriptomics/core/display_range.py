"""Between which values a map is shown: one rule for the viewer, plots and reports."""

import numpy as np

PERCENTILES = (1, 99)
"""What lies beyond these gets the colour of the end."""
_MOST = 80
_TIMES = 2


def display_range(values: np.ndarray) -> tuple[float, float]:
    """Return the 1st and 99th percentile of the finite values.

    A constant gets half a unit to either side, no value at all 0 and 1.
    """
    finite = values[np.isfinite(values)]
    low, high = np.percentile(finite, PERCENTILES) if finite.size else (0.0, 1.0)
    return (float(low), float(high)) if high > low else (float(low) - 0.5, float(low) + 0.5)


def error_range(errors: np.ndarray) -> tuple[float, float]:
    """Return 0 and the 99th percentile of the finite errors; 1 where that is 0."""
    finite = errors[np.isfinite(errors)]
    high = float(np.percentile(finite, PERCENTILES[1])) if finite.size else 0.0
    return 0.0, high or 1.0


def symmetric_range(
    values: np.ndarray, center: float | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Return middle and half width of signed values, each of shape (n_columns,) or ().

    Parameters
    ----------
    values : ndarray, shape (n_samples,) or (n_samples, n_columns)
    center : float, optional
        The middle; the mean of each column where not given.

    Notes
    -----
    99 % of the samples are no further from the middle than the half width, but it is at most
    twice the distance that holds 80 % of them: of normal values the two are the same, and a part
    of the brain that is far from the rest (the cerebellum has a tenth of all voxels) does not
    leave the rest pale. It is 1 of a constant.
    """
    centers = np.nanmean(values, axis=0, dtype=float)
    if center is not None:
        centers = np.full_like(centers, center)
    most, usual = np.nanpercentile(np.abs(values - centers), (PERCENTILES[1], _MOST), axis=0)
    reach = np.where(usual > 0, np.minimum(most, _TIMES * usual), most)
    return centers, np.where(reach > 0, reach, 1.0)
