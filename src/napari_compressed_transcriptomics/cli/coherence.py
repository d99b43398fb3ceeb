"""The command `coherence`: how anatomical the latents of methods are."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .options import add_compartments, add_images, add_methods, permutations
from .reading import read
from .style import add_output, style_of
from .terminal import clear_line, stoppable, tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.study.coherence_of_methods import MeasuredCoherence

SUMMARY = "Measure how well latents follow anatomy."
DETAILS = (
    "Methods are residual, autoencoder (as published, trained here), pca, nmf, kernel-pca, "
    "umap (needs the extra umap) and tsne, fitted to all samples. Measures of each "
    "component: regions (share of variance that the regions of --labels-volume explain, with p "
    "against maps as smooth and as symmetric), and two descriptions that any smooth symmetric map "
    "has: moran (Moran's I, likeness of neighbours) and symmetry (correlation of the hemispheres). "
    "Cortex, subcortex, cerebellum and brainstem, whose steps surrogate maps keep, are known from "
    "the regions' names or from --compartments. Without --labels-volume the rows of a region table "
    "are the regions of --images. Ctrl-C saves the methods done (exit code 130); pressed again it "
    "leaves at once."
)


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add_methods(add, ("residual", "pca"), (2,))
    add_images(
        add, "latent images to measure as well, such as abagen_pca0_8mm.nii.gz, on their own voxels"
    )
    add("--labels-volume", type=Path, metavar="ATLAS", help="label NIfTI that defines the regions")
    add_compartments(add)
    add(
        "--permutations",
        type=permutations,
        default=999,
        metavar="N",
        help="surrogate maps; default: 999",
    )
    add_output(add)


def run(arguments: argparse.Namespace) -> None:
    """Measure and save."""
    from napari_compressed_transcriptomics.codecs.registry import method_names
    from napari_compressed_transcriptomics.core.regions import RegionVolume
    from napari_compressed_transcriptomics.io.files.overwriting import check_targets
    from napari_compressed_transcriptomics.io.readers.region_volume import read_region_volume
    from napari_compressed_transcriptomics.io.writers.coherence import (
        COHERENCE_FILES,
        save_coherence,
        sources,
    )
    from napari_compressed_transcriptomics.study.coherence_of_methods import (
        CoherenceRequest,
        cost_sentence,
        measure_coherence,
    )
    from napari_compressed_transcriptomics.study.named_latents import read_named_latents

    expression = read(arguments, tell=True)
    regions = RegionVolume.of_samples(expression)
    if arguments.labels_volume is not None:
        regions = read_region_volume(arguments.labels_volume)
    request = CoherenceRequest(
        latents=read_named_latents(arguments.images) if arguments.images else (),
        expression=expression,
        methods=method_names(tuple(arguments.methods)),
        latent_sizes=tuple(dict.fromkeys(arguments.latent)),
        regions=regions,
        n_permutations=arguments.permutations,
        compartments=read_region_volume(arguments.compartments) if arguments.compartments else None,
        seed=arguments.seed,
        device=arguments.device,
    )
    check_targets(arguments.out, COHERENCE_FILES, sources(request))
    tell_notes([cost_sentence(request)])
    with stoppable() as report:
        measured = measure_coherence(request, report)
        clear_line()
        paths = save_coherence(measured, arguments.out, style_of(arguments))
    tell_notes(measured.notes)
    print(_words(measured))
    print(*paths, sep="\n")
    if not measured.complete:
        raise KeyboardInterrupt


def _words(measured: "MeasuredCoherence") -> str:
    """Return a line per method and measure: the median, and where regions explain much."""
    lines = []
    for method, size, rows in measured.rows:
        for measure in dict.fromkeys(row.measure for row in rows):
            single = [row for row in rows if row.measure == measure and row.component != "all"]
            values = sorted(row.value for row in single)
            middle = (values[(len(values) - 1) // 2] + values[len(values) // 2]) / 2
            line = f"{method}, {size}, {measure}: median {middle:.3f}"
            if measure == "regions":
                found = sum(row.p <= 0.05 for row in single)
                line += f", {found} of {len(single)} component(s) beyond smooth symmetric maps"
                line += " (p <= 0.05)"
            lines.append(line)
    return "\n".join(lines)
