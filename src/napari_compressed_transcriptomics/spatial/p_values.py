"""P-values: of a statistic among those of surrogates, and corrected for how many were tested."""

import numpy as np


def p_value(statistic: float, null: np.ndarray) -> float:
    """Return the share of null values at least as large, the observed one counted among them.

    So the least is 1 / (n + 1) (Phipson & Smyth 2010, doi:10.2202/1544-6115.1585).
    """
    # What is equal but for rounding is as large.
    reached = np.count_nonzero(null >= statistic - 1e-12 * max(1.0, abs(statistic)))
    return (1 + int(reached)) / (1 + len(null))


def corrected(p_values: np.ndarray) -> np.ndarray:
    """Return p-values corrected for their number, NaN where they are.

    They hold the false discovery rate (Benjamini & Hochberg 1995,
    doi:10.1111/j.2517-6161.1995.tb02031.x).
    """
    from scipy.stats import false_discovery_control

    found, there = np.full(len(p_values), np.nan), np.isfinite(p_values)
    if there.any():
        found[there] = false_discovery_control(p_values[there])
    return found
