"""Expression that is larger than memory, for work that needs all of its samples at once."""

import numpy as np

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.memory import available_memory
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent

MAX_SAMPLES = 5_000
PART_OF_MEMORY = 1 / 8
"""That all values may take; work on them takes several times as much."""


def in_memory(expression: Expression, report: Report = silent) -> Expression:
    """Return expression whose values are an array: all samples, or some that are drawn.

    Parameters
    ----------
    expression : Expression
        Of lazy values that take more than `PART_OF_MEMORY`, `MAX_SAMPLES` are drawn at random,
        always the same ones; `notes` say so.
    report : callable, optional
    """
    if isinstance(expression.values, np.ndarray):
        return expression
    report(Progress("Reading samples", 0, 1))
    if expression.values.nbytes <= PART_OF_MEMORY * available_memory():
        return expression.in_memory()
    return expression.drawn(MAX_SAMPLES)
