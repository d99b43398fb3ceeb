"""The command `demo`: the main job on a synthetic brain."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_compressed_transcriptomics.cli.encode import compress_and_tell, save
from napari_compressed_transcriptomics.reconstruction.summary import result_line

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression

SUMMARY = "Compress a synthetic brain and show the result."


def add_options(demo: Any) -> None:
    """Add the options of the command to its parser."""
    add = demo.add_argument
    add("--out", type=Path, default=Path("demo-output"), metavar="DIR")
    add("--no-viewer", dest="viewer", action="store_false", help="only write files")


def run(arguments: argparse.Namespace, brain: "Expression") -> None:
    """Compress, save, compare with PCA, and show."""
    from napari_compressed_transcriptomics.reconstruction.compress import CompressRequest

    request = CompressRequest(brain, latent_size=8)
    reconstruction = compress_and_tell(request)
    save(reconstruction, arguments.out, request.parameters())
    pca = compress_and_tell(CompressRequest(brain, codec="pca", latent_size=8))
    print(f"for comparison: {result_line(pca)}")
    if arguments.viewer:
        from . import window

        window.show(reconstruction, arguments.out)
