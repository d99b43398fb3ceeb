"""Files of vertices that are wrong: refused one by one, in a sentence that names the file."""

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io.readers.surfaces import gifti
from napari_compressed_transcriptomics.io.readers.surfaces.gifti import read_gifti
from napari_compressed_transcriptomics.io.readers.surfaces.map_file import read_map
from napari_compressed_transcriptomics.io.readers.surfaces.maps import maps_by_gene
from napari_compressed_transcriptomics.io.readers.surfaces.mgh import read_annot
from napari_compressed_transcriptomics.io.readers.surfaces.outlook import is_of_vertices, outlook
from napari_compressed_transcriptomics.io.readers.surfaces.place import OnSurface, surface_place
from napari_compressed_transcriptomics.io.readers.surfaces.regions import read_vertex_labels
from vertices import GENES, N, expression_on_vertices, write_gifti_maps, write_labels, write_surface


def arrays(path, *values, intent="NIFTI_INTENT_NONE"):
    """Write arrays as one GIFTI."""
    made = [nib.gifti.GiftiDataArray(np.float32(one), intent=intent) for one in values]
    nib.save(nib.gifti.GiftiImage(darrays=made), path)
    return path


def text(path, content):
    path.write_text(content)
    return path


def mgh(path, values):
    nib.save(nib.MGHImage(np.float32(values), np.eye(4)), path)
    return path


def annot(path):
    """Write the labels of two vertices, but no table of colours."""
    path.write_bytes(np.array([2, 0, 0, 0, 0, 1, 0, 99], ">i4").tobytes())
    return path


def array(path, **about):
    """Write an array as text, whose header says other than usual."""
    usual = {
        "DataType": "NIFTI_TYPE_FLOAT32", "Dimensionality": 1, "Dim0": 3, "Encoding": "ASCII",
        "Endian": "LittleEndian",
    }  # fmt: skip
    data = about.pop("data", "1 2 3")
    header = " ".join(f'{name}="{value}"' for name, value in (usual | about).items())
    return text(path, f"<GIFTI><DataArray {header}><Data>{data}</Data></DataArray></GIFTI>")


FLAT = np.float32([[-30, 0, 0], [-31, 5, 0], [-30, 5, 9], [-45, 0, 2]])
LABEL = '<GIFTI><LabelTable><Label Key="one">V1</Label></LabelTable></GIFTI>'
BALL = np.float32([[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1]])


def surface(path, points, side="CortexLeft"):
    return write_surface(path, points, side)


@pytest.mark.parametrize(
    ("sizes", "write", "words"),
    [
        ((N, 9), lambda f: [], "data has 642 vertices on the left and 9 on the right"),
        ((9, 9), lambda f: [], r"9 vertices per hemisphere, .*fsaverage3 642.*--surface"),
        ((4, 0), lambda f: [f / "lh.obj"], r"lh\.obj is not a GIFTI surface"),
        ((4, 0), lambda f: [arrays(f / "lh.gii", FLAT[:, 0])], r"lh\.gii holds no coordinates"),
        ((4, 0), lambda f: [surface(f / "a.gii", 20 * FLAT)], r"a\.gii has vertices outside any"),
        ((4, 0), lambda f: [surface(f / "a.gii", FLAT, "")], r"a\.gii does not say which"),
        (
            (4, 0),
            lambda f: [surface(f / name, FLAT) for name in ("a.gii", "b.gii")],
            r"b\.gii is a second surface of the left side",
        ),
        ((6, 0), lambda f: [surface(f / "a.gii", BALL)], r"a\.gii is a sphere; give the midthick"),
    ],
)
def test_surfaces_that_do_not_fit(sizes, write, words, tmp_path):
    with pytest.raises(UserError, match=words):
        surface_place(sizes, "data", write(tmp_path))


@pytest.mark.parametrize(
    ("names", "sizes", "words"),
    [
        (("lh.a", "lh.b"), (2, 2), r"lh\.b\.shape\.gii is a second mask of the left side"),
        (("lh", "rh"), (2, 3), "masks of the two hemispheres are of different meshes"),
        (("lh", "rh"), (2, 2), "mask of the left side has 2 vertices and maps has 642"),
    ],
)
def test_masks_that_do_not_fit(names, sizes, words, tmp_path):
    folder = write_gifti_maps(tmp_path / "maps", expression_on_vertices())
    masks = [
        write_labels(tmp_path / f"{name}.shape.gii", [1] * n)
        for name, n in zip(names, sizes, strict=True)
    ]
    with pytest.raises(UserError, match=words):
        outlook(folder, OnSurface(cortex=tuple(masks)))


@pytest.mark.parametrize(
    ("read", "write", "words"),
    [
        (read_map, lambda f: arrays(f / "a.gii", [1.0], [2.0]), r"a\.gii holds 2 maps"),
        (read_map, lambda f: arrays(f / "a.gii", np.ones((5, 3))), "holds 3 values per vertex"),
        (read_map, lambda f: mgh(f / "a.mgh", np.ones((5, 1, 1, 2))), r"a\.mgh holds 2 maps"),
        (read_annot, lambda f: text(f / "lh.annot", "text"), "not a FreeSurfer annotation"),
        (read_annot, lambda f: annot(f / "lh.annot"), r"lh\.annot is a damaged annotation"),
        (
            read_vertex_labels,
            lambda f: write_labels(f / "mine.label.gii", [1, 2], ["a", "b"]),
            r"mine\.label\.gii does not say which hemisphere",
        ),
        (
            read_vertex_labels,
            lambda f: write_labels(f / "lh.x.label.gii", [1] * N, ["Medial_wall"]),
            "has no label but of the medial wall",
        ),
        (read_vertex_labels, lambda f: arrays(f / "lh.label.gii", [1.0]), "holds no labels"),
        (
            read_vertex_labels,
            lambda f: arrays(f / "lh.label.gii", [1.5], intent="NIFTI_INTENT_LABEL"),
            "holds labels that are not whole numbers",
        ),
        (read_gifti, lambda f: text(f / "a.gii", "<svg></svg>"), r"a\.gii is XML but not GIFTI"),
        (read_gifti, lambda f: array(f / "a.gii", Dim0="many"), "of unknown type or size"),
        (read_gifti, lambda f: array(f / "a.gii", DataType="WORDS"), "of unknown type or size"),
        (
            read_gifti,
            lambda f: array(f / "a.gii", Encoding="GZipBase64Binary", data="AAAA"),
            "data that cannot be unpacked",
        ),
        (read_gifti, lambda f: text(f / "a.gii", LABEL), "a label without a number"),
        (outlook, lambda f: text(f / "a.txt", ""), r"a\.txt holds no vertices; choose a folder"),
        (
            outlook,
            lambda f: text(f / "a.csv", "vertex,A,B\n0,1,2\n1,3,4\n"),
            r"a\.csv has 2 rows, which is the number of vertices of no mesh",
        ),
    ],
)
def test_a_file_that_is_wrong(read, write, words, tmp_path):
    path = write(tmp_path)
    with pytest.raises(UserError, match=words):
        read(path)


def test_maps_of_no_gene_and_two_of_one(tmp_path):
    with pytest.raises(UserError, match=r"no map of vertices; choose files named lh\.GENE\.gii"):
        maps_by_gene([], "")
    with pytest.raises(UserError, match="TP53"):
        maps_by_gene([tmp_path / folder / "lh.TP53.gii" for folder in "ab"], "")


def test_labels_that_are_not_where_the_data_are(tmp_path):
    maps = write_gifti_maps(tmp_path / "maps", expression_on_vertices()[:N], ("lh",))
    atlas = write_labels(tmp_path / "rh.x.label.gii", [1] * N, ["V1"])
    with pytest.raises(UserError, match="has no labels of the left side, where maps has vertices"):
        outlook(maps, atlas=atlas)
    labels = np.arange(N) == N - 1
    atlas = write_labels(tmp_path / "lh.x.label.gii", labels, ["V1"])
    assert outlook(maps, atlas=atlas).place.n_samples == N
    elsewhere = write_labels(tmp_path / "lh.mask.shape.gii", ~labels)
    with pytest.raises(UserError, match=r"lh\.x\.label\.gii has no label at a vertex of maps"):
        outlook(maps, OnSurface(cortex=(elsewhere,)), atlas)


def test_a_file_that_is_larger_than_any_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(gifti, "_MAX_BYTES", 20)
    with pytest.raises(UserError, match=r"a\.gii is larger than 20 bytes, too large for a GIFTI"):
        read_gifti(array(tmp_path / "a.gii"))


def test_a_map_in_a_column_is_read_as_one_in_a_row(tmp_path):
    values = np.float32([[1], [2], [5]])
    for name, one in (("column", values), ("row", values[:, 0])):
        np.testing.assert_array_equal(read_map(arrays(tmp_path / f"{name}.gii", one)), [1, 2, 5])


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_outlook_of_a_table_is_what_reading_gives(tmp_path, ending):
    path = tmp_path / f"cortex.{ending}"
    frame = pd.DataFrame(expression_on_vertices(), columns=list(GENES)).rename_axis("vertex")
    frame.to_csv(path) if ending == "csv" else frame.to_parquet(path)
    assert is_of_vertices(path)
    found = outlook(path)
    assert tuple(found.genes) == GENES
    assert found.place.sizes == (N, N)
    words = "4 genes (CALB1, GABRA1, GRIN2B and 1 more) on fsaverage3, 642 left and 642 right"
    assert found.in_words.startswith(words)
    frame[:5].to_csv(path) if ending == "csv" else frame[:5].to_parquet(path)
    assert not is_of_vertices(path)
    path.write_text("")
    assert not is_of_vertices(path)


def test_the_outlook_of_maps_says_what_a_mask_leaves_of_them(tmp_path):
    folder = write_gifti_maps(tmp_path / "maps", expression_on_vertices())
    masks = [
        write_labels(tmp_path / f"{side}.shape.gii", np.arange(N) >= 42) for side in ("lh", "rh")
    ]
    found = outlook(folder, OnSurface(cortex=tuple(masks)))
    assert "1,200 of them are cortex" in found.in_words
    assert found.place.n_samples == 1200
