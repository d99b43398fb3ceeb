"""Folders of results, predictions and comparisons, and expression, as inputs of figures."""

from collections.abc import Callable, Sequence
from pathlib import Path

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report, silent
from napari_compressed_transcriptomics.io.writers.read_results import read_summary

from .comparison import ComparisonInput
from .decoded import DecodedInput
from .input import AS_IT_IS, Input, Reading
from .prediction import PredictionInput
from .result import of_expression, of_folder


def _of_results(folder: Path, reading: Reading, report: Report) -> Input:
    if reading.model:
        raise UserError(f"{folder} has a model of its own; leave out --model")
    if read_summary(folder).get("rmse") is None:  # as of latents alone
        return DecodedInput(folder, reading, report)
    return of_folder(folder, reading)


_KINDS: dict[str, Callable[[Path, Reading, Report], Input]] = {
    "summary.json": _of_results,
    "prediction.json": PredictionInput,
    "comparison.json": ComparisonInput,
}


def read_inputs(
    paths: Sequence[str], reading: Reading = AS_IT_IS, report: Report = silent
) -> list[Input]:
    """Read what figures are made of.

    Parameters
    ----------
    paths : sequence of str
        Folders of results, a prediction or a comparison, one input each; or expression, as
        `read_expression` takes it, which all together are one.
    reading : Reading
    report : callable, optional
        Called with each `Progress`; may raise `Cancelled`.
    """
    found = []
    for path in paths:
        name = next((name for name in _KINDS if (Path(path) / name).is_file()), None)
        if name is not None:
            found.append(_KINDS[name](Path(path), reading, report))
    if found and len(found) < len(paths):
        raise UserError("Give folders of results or expression, not both at once")
    if found:
        return found
    if not paths:
        raise UserError("There is nothing to draw; give a folder of results or expression")
    if len(paths) == 1 and Path(paths[0]).is_dir() and not any(Path(paths[0]).rglob("*.nii*")):
        raise UserError(
            f"{paths[0]} holds neither results, nor a prediction or comparison, nor volumes; give "
            "a folder that encode, predict or compare wrote"
        )
    return [of_expression(paths, reading, report)]
