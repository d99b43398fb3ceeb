"""Maps are read and predicted in one go, for the window: reading takes its time, too."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.io.readers.targets import read_latent_images, read_targets
from napari_compressed_transcriptomics.io.readers.volume import Volume
from napari_compressed_transcriptomics.study.larger_than_memory import in_memory
from napari_compressed_transcriptomics.study.predict import Prediction, predict_maps
from napari_compressed_transcriptomics.study.predict_cost import cost_sentence
from napari_compressed_transcriptomics.study.predict_request import PredictRequest, check_request


@dataclass(frozen=True, eq=False)
class MapFiles:
    """What a prediction is to be read from."""

    targets: tuple[Path | Volume, ...]
    """Files, and maps that are open already."""
    regions: Path | None = None
    """See `targets.read_targets`."""
    images: tuple[Path, ...] = ()
    """Latent images, together one set of features."""


def predict_from_files(
    settings: PredictRequest,
    files: MapFiles,
    tell_cost: Callable[[str], object],
    report: Report = silent,
) -> Prediction:
    """Read targets and latent images, say what it will cost, and predict.

    Parameters
    ----------
    settings : PredictRequest
        Its targets come from the files, and features from images besides its own.
    files : MapFiles
    tell_cost : callable
        Called with a sentence once all is read and before anything is fitted.
    report : callable, optional
        As that of `predict.predict_maps`.

    Raises
    ------
    UserError
        A file is faulty, or data and settings do not go together.
    """
    expression = in_memory(settings.expression, report)
    settings = replace(settings, expression=expression)
    targets = read_targets(files.targets, expression, files.regions, report)
    if files.images:
        report(Progress("Reading latent images", 0, 1))
        images = read_latent_images(files.images, expression)
        settings = replace(settings, features=(*settings.features, images))
    request = replace(settings, targets=targets)
    check_request(request)  # of what cannot be there is no cost
    report(Progress("Estimating how long it takes", 0, 1))
    tell_cost(cost_sentence(request))
    return predict_maps(request, report)
