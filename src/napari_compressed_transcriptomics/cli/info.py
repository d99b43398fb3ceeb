"""The command `info`: what a file holds."""

import argparse
import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.brain_space import SPACES, space_of

from .reading import read
from .terminal import tell_notes

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression

SUMMARY = "Describe what a file holds."


def add_options(add: Callable) -> None:
    """Add the options of the command."""
    add("--json", action="store_true", help="print a JSON object")


def run(arguments: argparse.Namespace) -> None:
    """Print."""
    expression = read(arguments)
    facts = _facts(expression)
    if arguments.json:
        print(json.dumps(facts, indent=2))
        return
    size = " x ".join(f"{edge:g}" for edge in facts["voxel_size_mm"])
    low, mean, high = facts["values"].values()
    print(
        f"{expression.name}: {expression.n_samples:,} {facts['samples_are']} x "
        f"{expression.n_genes:,} genes\n"
        f"values    {low:.4g} to {high:.4g}, mean {mean:.4g}\n"
        f"genes     {', '.join(facts['first_genes'])} ...\n"
        f"samples   {', '.join(facts['first_samples'])} ...\n"
        + (
            f"surface   {facts['surface']}\n"
            if facts["surface"]
            else f"grid      {' x '.join(map(str, facts['shape']))} voxels of {size} mm\n"
        )
        + f"space     {SPACES.get(facts['space'] or '', 'not known (give it with --space)')}"
    )
    tell_notes(expression.notes)


def _facts(expression: "Expression") -> dict:
    """Return what `info` prints, JSON-safe."""
    import numpy as np

    from napari_compressed_transcriptomics.core.lazy_values import row_blocks

    parcellation = expression.parcellation
    ranges = [
        (rows.min(), rows.max(), rows.sum(dtype=float)) for _, rows in row_blocks(expression.values)
    ]
    low, high, total = np.array(ranges, float).T
    return {
        "name": expression.name,
        "n_samples": expression.n_samples,
        "n_genes": expression.n_genes,
        "samples_are": parcellation.samples_are,
        "first_samples": list(expression.samples[:5]),
        "first_genes": list(expression.genes[:5]),
        "values": {
            "min": float(low.min()),
            "mean": float(total.sum() / expression.values.size),
            "max": float(high.max()),
        },
        "surface": getattr(parcellation, "in_words", None),
        "shape": list(parcellation.labels.shape),
        "voxel_size_mm": np.linalg.norm(parcellation.affine[:3, :3], axis=0).tolist(),
        "space": space_of(expression.source) or None,
        "affine": parcellation.affine.tolist(),
        "excluded": list(expression.excluded),
        "notes": list(expression.notes),
        "source": expression.source,
    }
