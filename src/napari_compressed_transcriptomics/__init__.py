"""Gene expression of the brain, compressed into a few components and seen in napari.

Importing this package loads neither torch, Qt nor pandas: its public names are
resolved on first use.
"""

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Codec": "codecs.codec",
    "CompareRequest": "study.compare_request",
    "CompressRequest": "reconstruction.compress",
    "DecodeRequest": "reconstruction.decode",
    "Expression": "core.expression",
    "Parcellation": "core.expression",
    "PredictRequest": "study.predict_request",
    "Reconstruction": "reconstruction.reconstruction",
    "TrainRequest": "codecs.recipes",
    "UserError": "core.errors",
    "compare_into_folder": "io.writers.comparison",
    "compress": "reconstruction.compress",
    "decode_latents": "reconstruction.decode",
    "fit_codec": "codecs.fitting",
    "load_model": "codecs.models.model_file",
    "open_result": "io.writers.reopen.result",
    "predict_maps": "study.predict",
    "read_expression": "io",
    "reconstruct": "reconstruction.reconstruction",
    "save_decoding": "io.writers.decoding",
    "save_model": "codecs.models.model_file",
    "save_prediction": "io.writers.prediction",
    "save_results": "io.writers.results",
    "synthetic_brain": "core.synthetic",
    "train_codec": "codecs.recipes",
    "write_page": "io.writers.page_file",
}

__all__ = ["__version__", *sorted(_PUBLIC)]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import version

        return globals().setdefault(name, version("napari-compressed-transcriptomics"))
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PUBLIC[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_PUBLIC})
