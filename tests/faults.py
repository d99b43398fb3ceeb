"""What a refusal is: one sentence that names the file."""

from functools import partial

import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, read_volume


def refusal(call, *arguments, **options):
    """Call what must refuse; return its sentence, which is one line."""
    with pytest.raises(UserError) as caught:
        call(*arguments, **options)
    told = str(caught.value)
    assert told.isprintable(), told
    return told


def refuses(path, *words, read=read_expression, **options):
    """Read a file that must be refused; its sentence, which is returned, names it and has words."""
    told = refusal(read, path, **options)
    for word in (path.name, *words):
        assert word in told, told
    return told


refuses_volume = partial(refuses, read=read_volume)
