"""Gene expression of the brain, compressed into a few components and seen in napari.

Importing this package loads neither torch, Qt nor pandas: its public names are
resolved on first use.
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "Codec": "core.codec",
    "Expression": "core.expression",
    "Parcellation": "core.expression",
    "Reconstruction": "core.reconstruction",
    "UserError": "core.errors",
    "fit_codec": "core.fitting",
    "load_model": "core.checkpoint",
    "read_expression": "io",
    "reconstruct": "core.reconstruction",
    "save_model": "core.checkpoint",
    "save_results": "io.results",
    "synthetic_brain": "core.synthetic",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
