"""The command `demo`: the main job on a synthetic brain."""

import argparse
from collections.abc import Callable
from pathlib import Path

from napari_compressed_transcriptomics.cli.encode import compress_and_tell, save
from napari_compressed_transcriptomics.reconstruction.summary import result_line

SUMMARY = "Compress a synthetic brain and show the result."


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add(
        "--out",
        type=Path,
        default=Path("demo-output"),
        metavar="DIR",
        help="folder to write; default: demo-output",
    )
    add("--no-viewer", dest="viewer", action="store_false", help="write files, and open no window")


def run(arguments: argparse.Namespace) -> None:
    """Compress, save, compare with PCA, and show."""
    from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
    from napari_compressed_transcriptomics.io.files.overwriting import check_targets
    from napari_compressed_transcriptomics.io.writers.results import RESULT_FILES
    from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest

    brain = synthetic_brain()
    check_targets(arguments.out, RESULT_FILES, brain.source)
    request = CompressRequest(brain, latent_size=8)
    reconstruction = compress_and_tell(request)
    save(reconstruction, arguments.out, request.parameters())
    pca = compress_and_tell(CompressRequest(brain, codec="pca", latent_size=8))
    print(f"for comparison: {result_line(pca)}")
    if arguments.viewer:
        from . import window

        window.show(reconstruction, arguments.out)
