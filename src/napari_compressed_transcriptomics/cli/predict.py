"""The command `predict`: how well latents predict maps of the brain."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .options import (
    add_compartments,
    add_images,
    add_scheduler,
    add_splits,
    components,
    repeats,
    surrogates,
)
from .reading import read_samples
from .style import add_output, style_of
from .terminal import clear_line, stoppable, tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.target import Features
    from napari_compressed_transcriptomics.study.predict import Prediction

SUMMARY = "Predict brain maps from latents, at held-out places."
DETAILS = (
    "Methods are residual, autoencoder (as published, trained here), pca, nmf, kernel-pca, "
    "umap, tsne, and genes (all genes, through ridge). Contiguous parts of the brain are "
    "held out, each with its mirror image, as neighbours are alike, and with --buffer training "
    "samples near them are left out. p_spatial compares with surrogate maps as smooth and as "
    "symmetric, with the same steps between cortex, subcortex, cerebellum and brainstem: these are "
    "known from the regions' names or from --compartments. p_fdr corrects it for the number of "
    "targets. Ctrl-C saves the targets done (exit code 130); pressed again it leaves at once."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add(
        "--targets",
        nargs="+",
        type=Path,
        required=True,
        metavar="FILE",
        help="NIfTI, tables, or maps of a surface (lh.NAME.gii)",
    )
    add(
        "--target-regions",
        type=Path,
        metavar="LIST",
        help="regions (CSV, .xlsx, label table) in the order of tables without names",
    )
    add("--methods", nargs="+", default=[], metavar="M", help="see below; default: residual")
    add(
        "--latent",
        nargs="+",
        type=components,
        default=[8],
        metavar="K",
        help="numbers of components; default: 8",
    )
    add_images(add, "latent images to use as well")
    add(
        "--regressor",
        nargs="+",
        default=["ridge"],
        metavar="R",
        help="ridge (default), trees (gradient boosting)",
    )
    add_splits(add, 0.0)
    add(
        "--repeats",
        type=repeats,
        default=4,
        metavar="N",
        help="how often the folds are drawn anew; default: 4",
    )
    add(
        "--surrogates",
        type=surrogates,
        default=1000,
        metavar="N",
        help="surrogate maps per target; default: 1000; 0: no p-values",
    )
    add_compartments(add)
    add_scheduler(add, "predict one target each")
    add_output(add)


def run(arguments: argparse.Namespace) -> None:
    """Predict and save."""
    from napari_compressed_transcriptomics.codecs.registry import GENES, method_names
    from napari_compressed_transcriptomics.io.readers.region_volume import read_region_volume
    from napari_compressed_transcriptomics.io.readers.targets import (
        notes_on,
        read_latent_images,
        read_targets,
    )
    from napari_compressed_transcriptomics.io.writers.prediction import (
        check_prediction_folder,
        save_prediction,
    )
    from napari_compressed_transcriptomics.study.predict import predict_maps
    from napari_compressed_transcriptomics.study.predict_cost import cost_sentence
    from napari_compressed_transcriptomics.study.predict_request import (
        PredictRequest,
        check_request,
    )

    expression = read_samples(arguments)
    features: tuple[Features, ...] = ()
    if arguments.images:
        features = (read_latent_images(arguments.images, expression),)
    methods = arguments.methods or ([] if features else ["residual"])
    request = PredictRequest(
        expression=expression,
        methods=method_names(methods, (GENES,)),  # before files are read: it costs nothing
        targets=read_targets(arguments.targets, expression, arguments.target_regions),
        latent_sizes=_once(arguments.latent),
        features=features,
        regressors=_once(arguments.regressor),
        splits=_once(arguments.split),
        n_folds=arguments.folds,
        n_repeats=arguments.repeats,
        buffer=arguments.buffer,
        n_surrogates=arguments.surrogates,
        compartments=read_region_volume(arguments.compartments) if arguments.compartments else None,
        seed=arguments.seed,
        device=arguments.device,
        scheduler=arguments.scheduler,
    )
    check_request(request)  # before anything is said of it
    check_prediction_folder(arguments.out, request)
    tell_notes(notes_on(request.targets))
    tell_notes(note for given in features for note in given.notes)
    tell_notes([cost_sentence(request)])
    with stoppable() as report:
        prediction = predict_maps(request, report)
        clear_line()
        paths = save_prediction(prediction, arguments.out, style_of(arguments))
    doubt = prediction.compartments.note if prediction.compartments else ""
    tell_notes([doubt] if doubt else [])
    print(_words(prediction))
    print(*paths[:4], sep="\n")
    if len(paths) > 4:
        print(f"and {len(paths) - 4} files of predicted maps and their errors in {arguments.out}")
    if not prediction.complete:
        raise KeyboardInterrupt


def _words(prediction: "Prediction") -> str:
    """Return a line per method: mean R2, and how many targets beat the surrogates."""
    groups: dict[tuple, list] = {}
    for score in prediction.scores:
        groups.setdefault(score[1:5], []).append(score)
    lines = []
    for (method, size, regressor, split), scores in groups.items():
        mean = sum(score.r2 for score in scores) / len(scores)
        line = f"{method}, {size}, {regressor}, {split}: mean R2 {mean:.3f}"
        known = [score for score in scores if score.p_fdr == score.p_fdr]
        if known:
            found = sum(score.p_fdr <= 0.05 for score in known)
            line += f", {found} of {len(known)} targets better than their surrogates (FDR 5 %)"
        lines.append(line)
    return "\n".join(lines)


def _once(values: list) -> tuple:
    return tuple(dict.fromkeys(values))
