"""Gene expression of the brain, compressed into a few components and seen in napari.

Importing this package loads neither torch, Qt nor pandas: its public names are
resolved on first use.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Codec": "codecs.codec",
    "Expression": "core.expression",
    "Parcellation": "core.expression",
    "Reconstruction": "reconstruction.reconstruction",
    "UserError": "core.errors",
    "fit_codec": "codecs.fitting",
    "load_model": "codecs.models.model_file",
    "read_expression": "io",
    "reconstruct": "reconstruction.reconstruction",
    "save_model": "codecs.models.model_file",
    "save_results": "io.writers.results",
    "synthetic_brain": "core.synthetic",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return version("napari-compressed-transcriptomics")
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
