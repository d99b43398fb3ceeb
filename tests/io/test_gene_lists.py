"""Lists of genes beside volumes and weights: counted first, so that no gene becomes a header."""

import nibabel as nib
import numpy as np
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.gene_list import read_gene_list

GENES = ("GABRA1", "GABRA2", "GABRB1", "SST", "PVALB")
LINES = "\n".join(GENES)


@pytest.fixture
def volume(tmp_path):
    stack = np.random.default_rng(0).random((4, 4, 4, len(GENES)), dtype=np.float32)
    nib.save(nib.Nifti1Image(stack, np.diag([2.0, 2, 2, 1])), tmp_path / "v.nii")
    return tmp_path / "v.nii"


@pytest.mark.parametrize(
    "text",
    [
        LINES,
        f"{LINES}\n\n",
        *(
            f"{title}\n{LINES}"
            for title in ("gene", "Genes", "SYMBOL", "Gene Symbol", "hgnc_symbol")
        ),
        *(f"{title}\n{LINES}" for title in ("gene_name", "id", "gene_id", "Ensembl", "entrez ID")),
        "entrez\tsymbol\n" + "\n".join(f"{i}\t{gene}" for i, gene in enumerate(GENES)),
        "\n".join(f"{gene}\tinhibitory" for gene in GENES),
    ],
)
def test_a_header_is_known_by_its_words(volume, text):
    volume.with_name("v.genes.txt").write_text(text)
    assert read_expression(volume).genes == GENES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{LINES}\nDRD2", ["names 6 genes", "5 volumes", "'GABRA1' in its first line"]),
        (f"{LINES}\nDRD2\nDRD3", ["names 7 genes", "5 volumes"]),
        ("gene\n" + "\n".join(GENES[1:]), ["names 4 genes below its header", "5 volumes"]),
        ("\n".join(GENES[1:]), ["names 4 genes", "5 volumes"]),
        (f"{LINES}\n\x1a", ["control characters", "line 6"]),
        (LINES.replace("SST", "S\x07ST"), ["control characters", "line 4"]),
        ("id\tgene\n1\tA\n2\t\n3\tC\n4\tD\n5\tE", ["no gene symbol", "line 3"]),
        ("id\tgene\n1\tA\n2\n3\tC\n4\tD\n5\tE", ["no gene symbol", "line 3"]),
        (LINES.replace("SST", "GABRA1"), ["duplicate genes", "GABRA1"]),
    ],
)
def test_no_gene_is_lost_or_made_up(volume, text, words):
    volume.with_name("v.genes.txt").write_text(text)
    with pytest.raises(UserError) as refusal:
        read_expression(volume)
    for word in words:
        assert word in str(refusal.value)


def test_symbols_in_a_sidecar_are_counted_and_printable(volume):
    for genes, word in (('["A"]', "1 genes"), ('["A", "B", "C", "D", "\\u001a"]', "not a list")):
        volume.with_suffix(".json").write_text(f'{{"genes": {genes}}}')
        with pytest.raises(UserError, match=word):
            read_expression(volume)


def test_numbers_before_symbols_are_no_symbols(tmp_path):
    path = tmp_path / "v.genes.tsv"
    path.write_text("0\tSST\n1\tPVALB\n2\tVIP\n")
    with pytest.raises(UserError, match="numbers before its symbols"):
        read_gene_list(path, 3, "v.nii has 3 volumes")
    path.write_text("n\tgene\n0\tSST\n1\tPVALB\n2\tVIP\n")
    assert read_gene_list(path, 3, "v.nii has 3 volumes") == ["SST", "PVALB", "VIP"]
