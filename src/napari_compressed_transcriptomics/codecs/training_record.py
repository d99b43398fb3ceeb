"""What a codec was fitted to, as its model file records it."""

from pathlib import Path
from typing import Any

from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.provenance import versions


def training_record(expression: Expression, seed: int, **more: Any) -> dict[str, Any]:
    """Return the JSON-safe record of a fit: data, seed, versions, and `more`.

    Files are recorded by name and hash, not by folder: model files are for others, too.
    """
    return {
        "data": expression.name,
        "data_sha256": expression.values_sha256,
        "n_samples": expression.n_samples,
        "n_genes": expression.n_genes,
        "source": {role: _without_folder(entry) for role, entry in expression.source.items()},
        "seed": seed,
        **more,
        "versions": versions(),
    }


def fitted_to(training: Any, data_sha256: Any) -> bool:
    """Tell whether a codec was fitted to the values of that hash, by its `training_record`."""
    known = training.get("data_sha256") if isinstance(training, dict) else None
    return bool(known) and known == data_sha256


def _without_folder(entry: Any) -> Any:
    """Return an entry of `Expression.source` with the name of its file alone."""
    if not isinstance(entry, dict) or not isinstance(entry.get("path"), str):
        return entry
    return {**entry, "path": Path(entry["path"]).name}
