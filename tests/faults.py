"""What a refusal is: one sentence that names the file."""

import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_volume


def refuses(path, *words, read=read_volume):
    with pytest.raises(UserError) as refusal:
        read(path)
    text = str(refusal.value)
    assert "\n" not in text
    for word in (path.name, *words):
        assert word in text, text
    return text
