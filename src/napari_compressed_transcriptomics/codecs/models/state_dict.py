"""The published PyTorch state dicts: weights only, and the genes that belong to them."""

import io
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_compressed_transcriptomics.codecs.codec import GENE_MEANS
from napari_compressed_transcriptomics.core.errors import UserError, first_line, listing
from napari_compressed_transcriptomics.core.installation import require
from napari_compressed_transcriptomics.core.memory import require_memory
from napari_compressed_transcriptomics.core.provenance import blob_id, git_blob_id
from napari_compressed_transcriptomics.core.warned import quietly

if TYPE_CHECKING:
    from torch import Tensor

    from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder

SAMPLE = "sample_data.csv"
SAFE_TORCH = (2, 6)
"""Before it, a crafted file could run code in spite of ``weights_only`` (CVE-2025-32434)."""


def load_state_dict(path: Path) -> "Autoencoder":
    """Read a state dict with the published keys; layer sizes come from its tensors.

    These files tell neither genes nor clipping limits nor gene means. Where the published
    ``sample_data.csv`` lies beside, its header gives the genes in order, its values the limits
    (0.1 and 99.9 percentiles of all of them) and its columns the means. Otherwise the genes
    come from ``NAME.genes.txt`` or ``NAME.genes.tsv``, the limits are 0 and 1, and the means
    are unknown.

    Raises
    ------
    UserError
        Naming the file and what is wrong with it. Nothing in it is ever executed.
    """
    from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder

    require_memory(path.stat().st_size, f"Reading {path.name}")
    content = path.read_bytes()
    tensors = _read_tensors(path, content)
    weights = [f"encoder.mlp.fc{i}.weight" for i in range(len(tensors))]
    shapes = [tensors[name].shape for name in weights if name in tensors]
    if not shapes or any(len(shape) != 2 for shape in shapes):
        raise UserError(
            f"{path.name} has no encoder.mlp.fc0.weight: it is not a published autoencoder "
            f"(it holds {listing(tensors, 3)})"
        )
    genes, clip, tensors[GENE_MEANS], record = _what_belongs_to(path, shapes[0][1])
    sizes = [shape[0] for shape in shapes]
    config = {"latent_size": sizes[-1], "hidden_sizes": sizes[:-1], "clip": list(clip)}
    try:
        codec = Autoencoder.from_parts(config, tensors, genes)
    except UserError as error:
        raise UserError(f"{path.name}: {error}") from None
    codec.training = {"published_file": path.name, "git_blob_id": blob_id(content), **record}
    return codec


def _read_tensors(path: Path, content: bytes) -> dict[str, np.ndarray]:
    import pickle

    import torch

    require("torch", SAFE_TORCH, f"Opening {path.name} safely")
    _check_archive(path, content)
    try:
        with quietly():  # of odd pickles, which are refused or hold tensors only
            state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:
        # never tried again without weights_only: that would run whatever the file says
        raise UserError(
            f"{path.name} holds more than weights (a whole pickled module, or code) and was not "
            "opened; where you trust it, save its state_dict() with PyTorch and open that"
        ) from None
    except Exception as error:  # of damaged files PyTorch's reader raises whatever comes of them
        raise UserError(
            f"{path.name} is cut off or not a PyTorch file ({first_line(error)}); fetch it again"
        ) from None
    if not isinstance(state, dict) or not all(isinstance(t, torch.Tensor) for t in state.values()):
        raise UserError(
            f"{path.name} is not a state dict of tensors; save model.state_dict() instead"
        )
    try:
        require_memory(sum(4 * t.numel() for t in state.values()), f"Reading {path.name}")
        return {str(name): _as_array(tensor) for name, tensor in state.items()}
    except (RuntimeError, TypeError) as error:  # of kinds that are not in every PyTorch
        raise UserError(
            f"{path.name} holds no plain tensors ({first_line(error)}); save the state_dict() of "
            "a model on the CPU"
        ) from None


def _as_array(tensor: "Tensor") -> np.ndarray:
    """Return a tensor's numbers, fractions as float32; `TypeError` where it has none of its own."""
    import torch

    plain = tensor.layout == torch.strided and tensor.device.type == "cpu"
    if not plain or tensor.is_quantized or tensor.is_complex() or tensor.is_nested:
        raise TypeError("one is sparse, quantized, complex, nested or without numbers")
    if tensor.nbytes > tensor.untyped_storage().nbytes():
        raise TypeError("one has a single number stand for many")
    return (tensor.float() if tensor.is_floating_point() else tensor).detach().numpy()


def _check_archive(path: Path, content: bytes) -> None:
    """Raise a `UserError` where a zip archive is packed (PyTorch never does), or damaged.

    PyTorch does not look at the checksums. Its older files are no archives and have none.
    """
    unpacked = 0
    try:
        if not zipfile.is_zipfile(io.BytesIO(content)):
            return
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
            damaged = archive.testzip() if unpacked <= 2 * len(content) else None
    except Exception as error:  # of damaged archives zipfile raises whatever comes of them
        damaged = first_line(error)
    if unpacked > 2 * len(content):
        raise UserError(f"{path.name} would unpack to {unpacked} bytes; it is not a model")
    if damaged is not None:
        raise UserError(f"{path.name} is cut off or damaged ({damaged}); fetch it again")


def _what_belongs_to(
    path: Path, count: int
) -> tuple[tuple[str, ...], tuple[float, float], np.ndarray, dict[str, Any]]:
    """Return genes, clipping limits, gene means, and a record of where they are from."""
    from napari_compressed_transcriptomics.io.readers.gene_list import read_gene_list

    lists = [path.with_name(f"{path.stem}.genes{suffix}") for suffix in (".txt", ".tsv")]
    sample = path.with_name(SAMPLE)
    found = next((name for name in (*lists, sample) if name.is_file()), None)
    if found is None:
        raise UserError(
            f"{path.name} has no gene list; put the published {SAMPLE} next to it, or write its "
            f"{count} gene symbols, one per line in the order of its training table, to "
            f"{lists[0].name} there"
        )
    if found == sample:
        state = sample.stat()
        genes, clip, gene_means = _read_sample(sample, state.st_mtime_ns, state.st_size)
        record = {
            "clip_from": f"0.1 and 99.9 percentiles of {SAMPLE}",
            "neutral_from": f"gene means of {SAMPLE}",
            "sample_git_blob_id": git_blob_id(sample),
        }
    else:
        genes = tuple(read_gene_list(found, count, f"{path.name} has {count} inputs"))
        clip, gene_means, record = (0.0, 1.0), np.full(count, np.nan, np.float32), {}
    if len(genes) != count or len(set(genes)) != count:
        raise UserError(
            f"{found.name} has {len(genes)} genes, {len(set(genes))} of them different; "
            f"{path.name} needs {count}"
        )
    return genes, clip, gene_means, record


@lru_cache(maxsize=1)  # seconds to read; time and size tell whether it is still the same file
def _read_sample(
    path: Path, modified_ns: int, size: int
) -> tuple[tuple[str, ...], tuple[float, float], np.ndarray]:
    """Return genes, clipping limits and gene means of the published sample table."""
    from napari_compressed_transcriptomics.codecs.autoencoder import clip_limits
    from napari_compressed_transcriptomics.io.readers.text_table import read_text_table

    table = read_text_table(path)
    values = table.values
    if not values.size or not np.isfinite(values).all():
        raise UserError(f"{path.name} has no rows, or missing values; fetch it again")
    return tuple(table.genes), clip_limits(values), values.mean(axis=0, dtype=float)
