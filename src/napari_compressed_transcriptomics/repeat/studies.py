"""Comparisons, predictions and measures of coherence, done again."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.codecs.registry import GENES
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.core.target import Features
from napari_compressed_transcriptomics.study.coherence_of_methods import CoherenceRequest
from napari_compressed_transcriptomics.study.compare_request import CompareRequest
from napari_compressed_transcriptomics.study.latents_of_methods import LatentsRequest, NamedLatents
from napari_compressed_transcriptomics.study.predict_request import PredictRequest

from .command import Command, Repeat
from .compression import EXPRESSION, device_option, with_command
from .python import Name, call, made, script
from .reading import IMPORTS, command_reading, read_again


def compare_command(request: CompareRequest, out: Path) -> Command:
    """Return the command that compares again; a `UserError` says why there is none."""
    inputs, reading = command_reading(request.expression.source)
    settings = {
        **reading,
        "methods": list(request.methods),
        "latent": list(request.latent_sizes),
        "split": list(request.splits),
        "folds": request.n_folds,
        "buffer": request.buffer,
        "seed": request.seed or None,
        **device_option(request.device),
        "jobs": request.n_jobs,
        "scheduler": request.scheduler,
        "out": out,
    }
    return Command("compare", inputs, settings)


def compare_again(request: CompareRequest, out: Path) -> Repeat:
    """Return what compares again, into a folder."""
    lines = script(
        IMPORTS | dict.fromkeys(("CompareRequest", "compare_into_folder"), ""),
        read_again(request.expression.source),
        f"request = {made(request, expression=EXPRESSION)}",
        str(call("compare_into_folder", Name("request"), str(out))),
    )
    return with_command(lines, lambda: compare_command(request, out))


@dataclass(frozen=True)
class PredictFiles:
    """What a prediction is read from."""

    targets: list[Path]
    regions: Path | None
    """What says which region a row of a table is."""
    images: list[Path]
    """Latents, together one set of features."""

    @classmethod
    def of(cls, request: PredictRequest) -> "PredictFiles":
        """Return what a request was read from; a `UserError` where something is in no file."""
        regions = [target.source.get("regions") for target in request.targets]
        return cls(
            files_of((target.name, [target.source.get("target")]) for target in request.targets),
            next((Path(entry["path"]) for entry in regions if entry), None),
            image_files(request.features),
        )


def predict_command(
    request: PredictRequest, out: Path, files: PredictFiles | None = None
) -> Command:
    """Return the command that predicts again; a `UserError` says why there is none.

    Parameters
    ----------
    request : PredictRequest
    out : Path
    files : PredictFiles, optional
        What is to be read, where the request does not hold it yet.
    """
    inputs, reading = command_reading(request.expression.source)
    files = files or PredictFiles.of(request)
    genes = [GENES] if GENES in request.methods else []
    settings = {
        **reading,
        "targets": files.targets,
        "target-regions": files.regions,
        "methods": [*request.fitted(), *genes],
        "latent": list(request.latent_sizes),
        "images": files.images,
        "regressor": list(request.regressors),
        "split": list(request.splits),
        "folds": request.n_folds,
        "buffer": request.buffer or None,
        "repeats": request.n_repeats,
        "surrogates": request.n_surrogates,
        "compartments": volume_file(request.compartments),
        "seed": request.seed or None,
        **device_option(request.device),
        "scheduler": request.scheduler,
        "out": out,
    }
    return Command("predict", inputs, settings)


def predict_again(request: PredictRequest, out: Path, files: PredictFiles | None = None) -> Repeat:
    """Return what predicts again, and saves it in a folder; see `predict_command`."""
    files = files or PredictFiles.of(request)
    images, compartments = list(map(str, files.images)), volume_file(request.compartments)
    given = [] if files.regions is None else [files.regions]
    read = call("read_targets", list(map(str, files.targets)), EXPRESSION, *given)
    instead: dict[str, Any] = {"expression": EXPRESSION, "targets": Name("targets")}
    if images:
        instead["features"] = Name(f"({call('read_latent_images', images, EXPRESSION)},)")
    if compartments:
        instead["compartments"] = call("read_region_volume", str(compartments))
    lines = script(
        IMPORTS
        | dict.fromkeys(("PredictRequest", "predict_maps", "save_prediction"), "")
        | dict.fromkeys(("read_targets", "read_latent_images"), "io.readers.targets")
        | {"read_region_volume": "io.readers.region_volume"},
        read_again(request.expression.source),
        f"targets = {read}",
        f"request = {made(request, **instead)}",
        str(call("save_prediction", Name("predict_maps(request)"), str(out))),
    )
    return with_command(lines, lambda: predict_command(request, out, files))


def coherence_again(request: CoherenceRequest, source: dict[str, Any], out: Path) -> Repeat:
    """Return what measures again; `source` is of the data that methods were fitted to.

    Latents that were fitted in the window are fitted again: as many components, the same seed.
    """
    fitted, opened = _parted(request.latents)
    request_sizes = request.latent_sizes if request.methods else ()
    settings = {
        "methods": [*request.methods, *dict.fromkeys(one.name for one in fitted)],
        "latent": sorted({*request_sizes, *(one.latent_size for one in fitted)}),
        "images": image_files(opened),
        "labels-volume": volume_file(request.regions),
        "compartments": volume_file(request.compartments),
        "permutations": request.n_permutations,
        "seed": request.seed or None,
        **device_option(request.device),
        "out": out,
    }
    inputs, reading = command_reading(source)
    command = Command("coherence", inputs, {**reading, **settings})
    calls = {
        "latents": _call_if("read_named_latents", settings["images"]),
        "regions": _call_if("read_region_volume", settings["labels-volume"]),
        "compartments": _call_if("read_region_volume", settings["compartments"]),
    }
    again = call(
        "CoherenceRequest",
        expression=EXPRESSION,
        methods=tuple(settings["methods"]),
        latent_sizes=tuple(settings["latent"]),
        n_permutations=request.n_permutations,
        seed=request.seed,
        device=request.device,
        **calls,
    )
    lines = script(
        IMPORTS
        | dict.fromkeys(("CoherenceRequest", "measure_coherence"), "study.coherence_of_methods")
        | {"read_named_latents": "study.named_latents"}
        | {
            "read_region_volume": "io.readers.region_volume",
            "save_coherence": "io.writers.coherence",
        },
        read_again(source),
        f"request = {again}",
        str(call("save_coherence", Name("measure_coherence(request)"), str(out))),
    )
    return Repeat(lines, (command,))


def latents_again(request: LatentsRequest) -> Repeat:
    """Return what fits methods again; there is no command that does this alone."""
    lines = script(
        IMPORTS | dict.fromkeys(("LatentsRequest", "fit_latents"), "study.latents_of_methods"),
        read_again(request.expression.source),
        f"request = {made(request, expression=EXPRESSION, known=())}",
        "fitted = fit_latents(request)",
    )
    return Repeat(lines)


def image_files(sets: Iterable[Features | NamedLatents]) -> list[Path]:
    """Return the files that latents were read from; a `UserError` where one is of no file."""
    found = []
    for one in sets:
        source = one.source if isinstance(one, Features) else one.record.get("source", {})
        found.append((one.name, list(source.values()) or [None]))
    return files_of(found)


def volume_file(volume: RegionVolume | None) -> Path | None:
    """Return the file of a label volume; a `UserError` where it is of none."""
    if volume is None:
        return None
    return files_of([(volume.name, [volume.source.get("labels_volume")])])[0]


def files_of(entries: Iterable[tuple[str, list[Any]]]) -> list[Path]:
    """Return the files of entries of `Expression.source`, each once.

    Parameters
    ----------
    entries : iterable of (str, list)
        What it is called, and its entries; None is of no file.

    Raises
    ------
    UserError
        One is in no file: it was made in the window.
    """
    paths = []
    for name, several in entries:
        for entry in several:
            if not isinstance(entry, dict) or "path" not in entry:
                raise UserError(f"“{name}” is in no file, which a command needs; save it first")
            paths.append(Path(entry["path"]))
    return list(dict.fromkeys(paths))


def _parted(latents: Iterable[NamedLatents]) -> tuple[list[NamedLatents], list[NamedLatents]]:
    """Return latents that were fitted, and those of files."""
    fitted = [one for one in latents if one.expression is not None]
    return fitted, [one for one in latents if one.expression is None]


def _call_if(function: str, given: Any) -> Name | None:
    if not given:
        return None
    return call(function, [str(path) for path in given] if isinstance(given, list) else str(given))
