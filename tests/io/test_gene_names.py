"""Genes by ids, symbols beside ids in AnnData, and numbers that are no genes."""

import h5py
import numpy as np
import pandas as pd
import pytest

from data import TABLES, real_data, real_expression
from faults import refusal
from napari_compressed_transcriptomics.codecs.fitting import fit_codec
from napari_compressed_transcriptomics.core.genes.hgnc import gene_table, meanings
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad
from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct
from phantom import make_phantom

ENSEMBL = ["ENSG00000022355", "ENSG00000121410", "ENSG00000141510", "ENSG00000181790"]
SYMBOLS = ["GABRA1", "A1BG", "TP53", "ADGRB1"]
OLD = ["GABRA1", "A1BG", "TP53", "BAI1"]


@pytest.fixture
def anndata_of(tmp_path):
    """Write an AnnData of voxels with these names and columns of its genes."""

    def write(names, **columns):
        from anndata import AnnData

        phantom = make_phantom(genes=tuple(names))
        data = AnnData(phantom.values, var=pd.DataFrame(columns, index=names))
        data.obsm["spatial"] = phantom.parcellation.centroids
        data.write_h5ad(tmp_path / "x.h5ad")
        return tmp_path / "x.h5ad"

    return write


@pytest.mark.parametrize("column", ["feature_name", "gene_symbols"])
@pytest.mark.parametrize("dtype", [object, "category"])
def test_symbols_beside_ensembl_ids_are_taken(column, dtype, anndata_of):
    read = read_expression(anndata_of(ENSEMBL, **{column: pd.array(OLD, dtype=dtype)}))
    assert read.genes == tuple(OLD)  # as they are, not as HGNC calls them today
    assert any(f"var['{column}']" in note and "Ensembl ids" in note for note in read.notes)
    assert read.source["genes"] == {"var": column}
    assert "gene_ids" not in read.source


def test_symbols_beside_entrez_ids_are_taken(anndata_of):
    read = read_expression(anndata_of(["2554", "575"], gene_symbols=["GABRA1", "BAI1"]))
    assert read.genes == ("GABRA1", "BAI1")


def test_symbols_stay_beside_a_column_of_ids(anndata_of):
    """As scanpy reads 10x."""
    read = read_expression(anndata_of(OLD, gene_ids=ENSEMBL, feature_name=SYMBOLS))
    assert read.genes == tuple(OLD)
    assert not any("named by" in note for note in read.notes)


def test_ids_beside_row_numbers_are_taken(anndata_of):
    read = read_expression(anndata_of(["0", "1", "2", "3"], gene_ids=ENSEMBL))
    assert read.genes == tuple(SYMBOLS)
    assert any("var['gene_ids']" in note for note in read.notes)


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["A", "B", "B", "C"], "more than once (B)"),
        (["A", "", "B", "C"], "no name"),
        (pd.Categorical(["A", None, "B", "C"]), "outside of their categories"),
        ([0.5, 1, 2, 3], "type float64"),
        ([7, 8, 9, 11], "holds numbers"),
        (SYMBOLS[1:] + SYMBOLS[:1], "by other names than their ids (ENSG00000022355: A1BG, "),
    ],
)
def test_columns_that_name_no_genes_are_told_and_ids_taken(names, why, anndata_of):
    read = read_expression(anndata_of(ENSEMBL, feature_name=names))
    assert read.genes == tuple(SYMBOLS)
    assert any("feature_name" in note and why in note for note in read.notes)
    assert "genes" not in read.source


def test_a_few_symbols_of_other_genes_are_told(anndata_of):
    genes = [(symbol, gene_table().row(symbol)[1]) for symbol in list(gene_table().rows)[:40]]
    genes = [(symbol, ensembl) for symbol, ensembl in genes if ensembl]
    symbols = [symbol for symbol, _ in genes]
    symbols[3] = "TP53"
    path = anndata_of([ensembl for _, ensembl in genes], feature_name=symbols)
    read = read_expression(path)
    assert read.genes == tuple(symbols)
    assert any(f"{genes[3][1]}: TP53" in note for note in read.notes)


def test_a_linked_or_damaged_column_is_not_followed(anndata_of):
    path = anndata_of(ENSEMBL, feature_name=SYMBOLS, gene_symbols=SYMBOLS)
    with h5py.File(path, "a") as file:
        del file["var/feature_name"], file["var/gene_symbols"]
        file["var/feature_name"] = h5py.ExternalLink("/etc/passwd", "x")
        file["var/gene_symbols"] = ["short"]
    read = read_expression(path)
    assert read.genes == tuple(SYMBOLS)
    assert any("links are not followed" in note for note in read.notes)
    assert any("gene_symbols" in note and "shape" in note for note in read.notes)


def test_two_ids_of_one_gene_stay(anndata_of):
    ids = ["ENSG00000022355.1", "ENSG00000022355.2", "ENSG00000141510"]
    read = read_expression(anndata_of(ids))
    assert read.genes == (*ids[:2], "TP53")
    assert any("stay as they are" in note and "GABRA1" in note for note in read.notes)


def table(folder, genes):
    """A region table of these genes, with its atlas."""
    import nibabel as nib

    phantom = make_phantom(genes=tuple(genes))
    parcellation = phantom.parcellation
    nib.save(nib.Nifti1Image(parcellation.labels, parcellation.affine), folder / "t_atlas.nii.gz")
    frame = pd.DataFrame(phantom.values, columns=phantom.genes)
    frame.insert(0, "id", np.arange(1, phantom.n_samples + 1))
    frame.to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


def test_numbered_columns_are_no_genes(tmp_path):
    read = read_expression(table(tmp_path, map(str, range(1, 30))), ids="id")
    assert read.genes == tuple(map(str, range(1, 30)))
    assert "gene_ids" not in read.source


def test_faults_call_a_gene_as_the_file_does(tmp_path):
    path = table(tmp_path, ENSEMBL)
    text = path.read_text().splitlines()
    text[3] = text[3].rpartition(",")[0] + ",inf"
    path.write_text("\n".join(text))
    assert ENSEMBL[3] in refusal(read_expression, path, ids="id")


def test_a_model_of_old_symbols_encodes_data_by_ids(anndata_of):
    old = make_phantom(genes=tuple(OLD))
    codec = fit_codec("pca", old, 2, device="cpu")
    result = reconstruct(codec, read_expression(anndata_of(ENSEMBL)), device="cpu")
    assert result.expression.genes == tuple(OLD)
    assert any("BAI1 as ADGRB1" in note for note in result.expression.notes)


def test_what_was_translated_is_read_again_as_it_is(anndata_of, tmp_path):
    read = read_expression(anndata_of(ENSEMBL))
    again = read_expression(write_h5ad(tmp_path / "again.h5ad", read)[0])
    assert again.genes == read.genes
    assert "gene_ids" not in again.source


def test_a_real_table_by_entrez_ids_is_that_by_its_old_symbols(tmp_path):
    table, atlas, labels = map(real_data, TABLES["ahba_dk82"])
    frame = pd.read_csv(table, index_col=0)
    known = {gene: meanings(gene) for gene in frame.columns}
    ids = {gene: gene_table().row(one[0])[0] for gene, one in known.items() if len(one) == 1}
    frame.rename(columns=ids).to_csv(tmp_path / "ids.csv")
    read, old = read_expression(tmp_path / "ids.csv", atlas, labels), real_expression("ahba_dk82")
    assert read.source["gene_ids"]["translated"] == 1614
    aligned = read.aligned_to(old.genes)
    np.testing.assert_array_equal(aligned.values, old.values)
    assert "37 gene(s)" in aligned.notes[-1]
    assert "ARNTL as BMAL1" in aligned.notes[-1]
