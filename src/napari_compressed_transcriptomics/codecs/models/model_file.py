"""Model files: written and read as safetensors, checked before they are trusted."""

import json
from collections.abc import Callable
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import Codec, codec_class, codec_ids
from napari_compressed_transcriptomics.codecs.training_distribution import TrainingDistribution
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.provenance import versions
from napari_compressed_transcriptomics.core.tensors import whole
from napari_compressed_transcriptomics.io.files.safetensors_file import (
    digest,
    read_safetensors,
    write_safetensors,
)

from .state_dict import load_state_dict

FORMAT_VERSION = 2
"""2 added what the training data look like to the model, see `training_distribution`."""

DEEPEST_RECORD = 20
_FAULTS = (UserError, KeyError, TypeError, ValueError, RuntimeError)
_PLAIN = (str, int, float, type(None))


def save_model(codec: Codec, path: str | Path) -> Path:
    """Write a codec to a ``.safetensors`` file, all of it or nothing.

    The file's metadata (strings, as the format has it) are ``format_version``, ``codec``, and
    as JSON ``config``, ``genes``, ``training`` and ``versions``; ``sha256`` is over all of
    these and the tensors. The same model gives the same bytes: nothing in it tells time or place.

    Raises
    ------
    UserError
        If the name does not end in ``.safetensors`` or the file cannot be written there.
    """
    from napari_compressed_transcriptomics.io.files.atomic import replacing

    path = Path(path)
    if path.suffix != ".safetensors":
        raise UserError(
            f"{path.name} cannot be the name of a model file; use one that ends in .safetensors"
        )
    learned = codec.tensors() | (
        codec.training_distribution.tensors() if codec.training_distribution else {}
    )
    tensors = {name: np.array(array, order="C") for name, array in learned.items()}
    metadata = {
        "format_version": str(FORMAT_VERSION),
        "codec": codec.id,
        "config": json.dumps(codec.config()),
        "genes": json.dumps(codec.genes),
        "training": json.dumps(codec.training),
        "versions": json.dumps(versions()),
    }
    metadata["sha256"] = digest(metadata, tensors)
    with replacing(path) as temporary:
        write_safetensors(temporary, metadata, tensors)
    return path


def load_model(path: str | Path) -> Codec:
    """Read a codec from a ``.safetensors`` file, or from a published ``.pt`` state dict.

    A ``.pt`` file has no gene list: it is read from ``NAME.genes.txt`` or ``NAME.genes.tsv``
    (one symbol per line, in the order of the network's input), or from the published
    ``sample_data.csv``, beside it; see `state_dict.load_state_dict`.

    Raises
    ------
    UserError
        Naming the file and what is wrong with it. Nothing in a file is ever executed.
    """
    from napari_compressed_transcriptomics.io.files.files import existing_file

    path = existing_file(path)
    if path.suffix in (".pt", ".pth"):
        return load_state_dict(path)
    known, make = _described(path)
    codec = make()
    codec.training, codec.training_distribution = known["training"], known["training_distribution"]
    return codec


def load_model_later(path: str | Path) -> Codec:
    """Return what `load_model` does of a ``.safetensors`` file, made when it is first needed.

    The file is read and checked now. What makes networks takes seconds to import, which a window
    need not wait for to show what is known.

    Raises
    ------
    UserError
        As `load_model`.
    """
    from napari_compressed_transcriptomics.io.files.files import existing_file

    path = existing_file(path)
    return cast(Codec, LateCodec(*_described(path)))


class LateCodec:
    """A codec that is made when something other than its description is asked for.

    Parameters
    ----------
    known : dict
        Attributes that are known: id, latent_size, genes, training, training_distribution.
    make : callable
        Returns the codec.
    """

    def __init__(self, known: dict[str, Any], make: Callable[[], Codec]) -> None:
        for name, value in known.items():
            setattr(self, name, value)
        self._known, self._make = known, make

    @cached_property
    def _codec(self) -> Codec:
        codec = self._make()
        codec.training = self._known["training"]
        codec.training_distribution = self._known["training_distribution"]
        return codec

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._codec, name)

    def __reduce__(self) -> tuple[Any, ...]:
        return copy, (self._codec,)  # other processes get the codec itself


def _described(path: Path) -> tuple[dict[str, Any], Callable[[], Codec]]:
    """Return what a model file says of its codec, checked, and what makes the codec."""
    if path.suffix != ".safetensors":
        raise UserError(f"{path.name} is not a model file; choose a .safetensors or .pt file")
    metadata, tensors = read_safetensors(path)
    _check_format(path, metadata)
    if metadata.get("sha256") != digest(metadata, tensors):
        raise UserError(f"{path.name} is damaged (its SHA-256 differs); fetch or save it again")
    try:
        config, genes, training = (json.loads(metadata[k]) for k in ("config", "genes", "training"))
        _check_description(config, genes, training)
        size = whole(config["latent_size"], "latent_size")
        distribution, codec_id = TrainingDistribution.take_from(tensors, size), metadata["codec"]
        if codec_id not in codec_ids():
            codec_class(codec_id)  # raises: there is none
    except _FAULTS as error:
        raise _faulty(path, error) from None

    def make() -> Codec:
        try:
            return codec_class(codec_id).from_parts(config, tensors, tuple(genes))
        except _FAULTS as error:
            raise _faulty(path, error) from None

    known = {"id": codec_id, "latent_size": size, "genes": tuple(genes)}
    return {**known, "training": training, "training_distribution": distribution}, make


def _faulty(path: Path, error: Exception) -> UserError:
    if isinstance(error, UserError):
        return UserError(f"{path.name}: {error}")
    return UserError(f"{path.name} does not describe its model ({error}); save the model again")


def _check_format(path: Path, metadata: dict[str, str]) -> None:
    version = metadata.get("format_version", "")
    if not (version.isascii() and version.isdecimal()):
        raise UserError(f"{path.name} holds tensors but not a model of this program; use another")
    if len(version) > 9 or int(version) > FORMAT_VERSION:
        raise UserError(
            f"{path.name} has model format {version}, this program reads up to {FORMAT_VERSION}; "
            "update napari-compressed-transcriptomics"
        )


def _check_description(config: Any, genes: Any, training: Any) -> None:
    """Raise a `ValueError` unless these are of the types that models have them in."""
    if not isinstance(config, dict) or not isinstance(training, dict):
        raise ValueError("settings or a record of training that are not a JSON object")
    if not isinstance(genes, list) or not all(isinstance(gene, str) for gene in genes):
        raise ValueError("genes that are not a list of texts")
    if not genes or len(set(genes)) != len(genes) or not all(map(str.strip, genes)):
        raise ValueError("genes that are blank or duplicated")
    "".join(genes).encode()  # complains of what no file could be written with
    if _depth(training) > DEEPEST_RECORD:
        raise ValueError("a record of training that is nested too deep")


def _depth(value: Any) -> int:
    """Return how deep lists and objects are nested."""
    inside = value.values() if isinstance(value, dict) else value
    return 1 + max(map(_depth, inside), default=0) if not isinstance(value, _PLAIN) else 0
