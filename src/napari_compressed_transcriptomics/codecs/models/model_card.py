"""What a model is, in plain text, with a paragraph for the methods of a paper."""

import textwrap
from collections.abc import Iterator
from typing import Any

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.core.errors import listing, printable

from .methods_paragraph import methods_paragraph, words, written

WIDTH = 88


def model_card(codec: Codec) -> str:
    """Return a codec's card: what it is, how it was made, and a Methods paragraph.

    Everything comes from the configuration and the training record that its file holds.
    """
    facts = [
        ("codec", codec.id),
        ("components", str(codec.latent_size)),
        ("genes", f"{len(codec.genes):,} ({printable(listing(codec.genes))})"),
        *((key, written(value)) for key, value in codec.config().items() if key != "latent_size"),
    ]
    record = [(key, written(value)) for key, value in _flat(codec.training)]
    title = f"Model card: {codec.id}, {codec.latent_size} components"
    methods = textwrap.fill(methods_paragraph(codec), WIDTH, break_long_words=False)
    return "\n".join(
        [
            *(title, "=" * len(title), ""),
            *_lines(facts),
            *("", "Training", "--------"),
            *(_lines(record) or ["not recorded"]),
            *("", "Methods", "-------", methods),
        ]
    )


def _flat(record: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in record.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _lines(facts: list[tuple[str, str]]) -> list[str]:
    width = max((len(key) for key, _ in facts), default=0)
    return [f"{words(key):<{width}}  {value}" for key, value in facts]
