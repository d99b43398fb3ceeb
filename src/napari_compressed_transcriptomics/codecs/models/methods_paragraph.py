"""The paragraph on a model for the Methods of a paper."""

from collections.abc import Iterator
from typing import Any

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.core.errors import (
    LONGEST_MESSAGE,
    listing,
    printable,
    shortened,
)
from napari_compressed_transcriptomics.core.provenance import versions

from .published import BLOB_IDS, COMMIT

PAPER = "Ruffle et al. 2024, Human Brain Mapping, doi:10.1002/hbm.26795"


def methods_paragraph(codec: Codec) -> str:
    """Return sentences for a paper on how expression is compressed with a codec."""
    sentences = [
        f"Expression of {len(codec.genes):,} genes was compressed into {codec.latent_size} "
        f"components with {codec.describe()}."
    ]
    record = codec.training
    if "published_file" in record:
        sentences += _published(record)
    elif "n_samples" in record:
        sentences += _fitted(record)
    used = _of_type(record, "versions", dict) or versions()
    names = ("napari-compressed-transcriptomics", "torch", "scikit-learn")
    software = ", ".join(f"{name} {written(used[name])}" for name in names if name in used)
    return " ".join([*sentences, f"Software: {software}."])


def _published(record: dict[str, Any]) -> Iterator[str]:
    name, blob_id = (written(record.get(key, "")) for key in ("published_file", "git_blob_id"))
    if blob_id and BLOB_IDS.get(name) == blob_id:
        yield (
            f"The weights are those published with the method ({PAPER}): {name} at commit "
            f"{COMMIT[:7]} of high-dimensional/compressed-transcriptomics, unchanged (git blob "
            f"{blob_id[:7]})."
        )
    else:
        yield (
            f"The weights are from {name} (git blob {blob_id[:7]}), which is not one of the "
            "published files."
        )
    if "clip_from" in record:
        yield f"The clipping limits are the {written(record['clip_from'])}."


def _fitted(record: dict[str, Any]) -> Iterator[str]:
    of_these = ""
    said_of = {key: written(value) for key, value in record.items()}
    if record.get("n_validation"):
        of_these = (
            f", of which {_counted(record['n_validation'])} were held out to choose when to stop "
            f"(epoch {said_of.get('best_epoch')} of {said_of.get('epochs')} was kept)"
        )
    yield (
        f"It was fitted to {_counted(record['n_samples'])} samples of {said_of.get('data')} "
        f"(SHA-256 of the values {said_of.get('data_sha256', '')[:12]}), seed "
        f"{said_of.get('seed')}{of_these}."
    )
    settings = _of_type(record, "settings", dict)
    if settings:
        said = ", ".join(
            f"{words(key)} {written(value)}" for key, value in settings.items() if value is not None
        )
        yield f"Settings were: {said}."
    errors = [
        f"{record[key]:.4f} on the {what} samples"
        for key, what in (("train_rmse", "training"), ("validation_rmse", "held-out"))
        if isinstance(record.get(key), float)
    ]
    if errors:
        yield f"The root-mean-square error of its reconstruction was {' and '.join(errors)}."


def words(key: str) -> str:
    """Return the key of a record in words."""
    return printable(key.replace("_", " "))


def _of_type(record: dict[str, Any], key: str, kind: type) -> Any:
    """Return what a record holds there, or nothing of that type: records come from files."""
    value = record.get(key)
    return value if isinstance(value, kind) else kind()


def _counted(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else written(value)


def written(value: Any) -> str:
    """Return any value of a record in words, in one line."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, list | tuple):
        return listing([written(item) for item in value], 8)
    return shortened(printable(str(value)), LONGEST_MESSAGE)
