"""Expression on vertices: the right genes at the right vertices, whatever the files."""

import gzip

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from data import real_data
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression, sniff
from napari_compressed_transcriptomics.io.readers.surfaces.gifti import read_gifti
from napari_compressed_transcriptomics.io.readers.surfaces.names import (
    other_side,
    side_of,
    surface_file,
)
from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5
from napari_compressed_transcriptomics.spatial.surface_place import SurfaceParcellation
from vertices import GENES, N, expression_on_vertices, write_gifti_maps, write_surface


def write_mgh_maps(folder, values, ending="mgh"):
    folder.mkdir()
    for side, part in zip(("lh", "rh"), np.split(values, 2), strict=True):
        for gene, column in zip(GENES, part.T, strict=True):
            image = nib.MGHImage(np.ascontiguousarray(column[:, None, None]), np.eye(4))
            nib.save(image, folder / f"{gene}_hemi-{side[0].upper()}.{ending}")
    return folder


def write_table(folder, values):
    folder.mkdir()
    path = folder / "cortex.csv"
    pd.DataFrame(values, columns=list(GENES)).rename_axis("vertex").to_csv(path)
    return path


FORMATS = {
    "gii": write_gifti_maps,
    "base64": lambda f, v: write_gifti_maps(f, v, encoding="GIFTI_ENCODING_B64BIN"),
    "ascii": lambda f, v: write_gifti_maps(f, v, encoding="GIFTI_ENCODING_ASCII"),
    "mgh": write_mgh_maps,
    "mgz": lambda f, v: write_mgh_maps(f, v, "mgz"),
    "table": write_table,
}


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_expression_in_every_format(name, tmp_path):
    values = expression_on_vertices()
    read = read_expression(FORMATS[name](tmp_path / "maps", values))
    place = read.parcellation
    assert isinstance(place, SurfaceParcellation)
    assert place.sizes == (N, N)
    assert place.mesh == "fsaverage3"
    assert sorted(read.genes) == sorted(GENES)
    inside = (values != 0).any(axis=1)
    assert read.n_samples == inside.sum()
    assert read.samples[0] == "lh_20"
    assert read.samples[-1] == f"rh_{N - 1}"
    for gene, column in zip(GENES, values.T, strict=True):
        found = read.values[:, read.column(gene)]
        np.testing.assert_allclose(found, column[inside], rtol=1e-6)
        sides = place.by_side(found)
        np.testing.assert_allclose(sides["right"][20:], column[N + 20 :], rtol=1e-6)
        assert np.isnan(sides["left"][:20]).all()
    radius = np.linalg.norm(fsaverage5()["left"].sphere, axis=1)
    np.testing.assert_allclose(radius, 100, rtol=1e-3)  # reading changes nothing of the mesh
    x = place.centroids[:, 0]
    assert np.median(x[: N - 20]) < -20 < 20 < np.median(x[N - 20 :])


def test_names_tell_gene_and_side(tmp_path):
    told = {
        "lh.CALB1.gii": ("CALB1", "left"),
        "CALB1_hemi-R.func.gii": ("CALB1", "right"),
        "rh.geneID_793.mgh": ("793", "right"),
        "tpl-x_hemi-L_desc-GRIN2B_expr.shape.gii": ("GRIN2B", "left"),
        "HLA-A.lh.gii": ("HLA-A", "left"),
        "CALB1.gii": ("CALB1", ""),
    }
    for name, (gene, side) in told.items():
        assert surface_file(tmp_path / name).side == side, name
        assert surface_file(tmp_path / name).gene == gene, name
    assert other_side(tmp_path / "lh.a.annot") == tmp_path / "rh.a.annot"
    assert other_side(tmp_path / "a_hemi-R.label.gii") == tmp_path / "a_hemi-L.label.gii"
    assert other_side(tmp_path / "a.annot") is None
    assert side_of(tmp_path / "L1CAM_hemi-R.gii") == "right"


def test_one_hemisphere_is_read_and_said(tmp_path):
    values = expression_on_vertices()[:N]
    read = read_expression(write_gifti_maps(tmp_path / "left", values, ("lh",)))
    assert read.parcellation.sizes == (N, 0)
    assert "left has the left hemisphere only" in read.notes
    assert (read.parcellation.positions[:, 0] < 0).all()
    path = tmp_path / "rh.table.csv"
    pd.DataFrame(values, columns=list(GENES)).rename_axis("vertex").to_csv(path)
    assert read_expression(path).parcellation.sizes == (0, N)


def test_a_mesh_whose_places_are_not_known_asks_for_its_surfaces(tmp_path):
    n = 32_492
    values = np.random.default_rng(0).normal(5, 1, (2 * n, 4)).astype(np.float32)
    folder = write_gifti_maps(tmp_path / "maps", values)
    read = read_expression(folder)
    assert read.parcellation.mesh == "fs_LR 32k"
    assert any("--surface" in note for note in read.notes)
    with pytest.raises(UserError, match="fs_LR 32k lie is not known; give the surface files"):
        _ = read.parcellation.positions
    points = np.random.default_rng(1).uniform(-60, 60, (n, 3))
    points[:, 0] = -abs(points[:, 0]) - 1
    left = write_surface(tmp_path / "a.L.midthickness.surf.gii", points)
    right = write_surface(tmp_path / "a.R.midthickness.surf.gii", -points, "CortexRight")
    placed = read_expression(folder, surface=[right, left])
    np.testing.assert_allclose(placed.parcellation.centroids[:n], points, atol=1e-4)
    swapped = write_surface(tmp_path / "b.L.surf.gii", -points)
    with pytest.raises(UserError, match="hemispheres are swapped"):
        read_expression(folder, surface=[swapped, right])
    with pytest.raises(UserError, match="No surface of the right side"):
        read_expression(folder, surface=[left])
    with pytest.raises(UserError, match="is called right and its contents say it is of the left"):
        read_expression(folder, surface=[left, write_surface(tmp_path / "c.R.surf.gii", points)])
    short = write_surface(tmp_path / "d.L.surf.gii", points[:100])
    with pytest.raises(UserError, match=r"100 vertices and the data have 32,492"):
        read_expression(folder, surface=[short, right])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: (f / "rh.TP53.gii").unlink(), "TP53 of maps has no map of the right side"),
        (lambda f: (f / "lh.TP53.gii").rename(f / "TP53.gii"), "TP53.gii does not say which hemis"),
        (lambda f: cut(f / "lh.TP53.gii"), "TP53.gii is not a readable GIFTI"),
        (lambda f: bomb(f / "lh.TP53.gii"), "declares XML entities"),
        (lambda f: encoded(f / "lh.TP53.gii", "UTB-8"), "not a readable GIFTI .unknown encoding"),
        (lambda f: encoded(f / "lh.TP53.gii", "gb2312"), "not a readable GIFTI .multi-byte"),
        (lambda f: stated(f / "lh.TP53.gii"), "642 are stated|bytes of data where"),
        (lambda f: huge(f / "lh.TP53.gii"), "is a damaged GIFTI with an array of 2147483647"),
        (lambda f: outside(f / "lh.TP53.gii"), "keeps its data elsewhere"),
        (lambda f: shorter(f / "rh.TP53.gii"), "rh.TP53.gii has 100 vertices where rh.CALB1.gii"),
    ],
)
def test_faulty_maps_are_refused_by_name(change, said, tmp_path):
    folder = write_gifti_maps(tmp_path / "maps", expression_on_vertices())
    change(folder)
    with pytest.raises(UserError, match=said):
        read_expression(folder)


def cut(path):
    path.write_bytes(path.read_bytes()[:400])


def bomb(path):
    entities = '<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">'
    path.write_text(f'<?xml version="1.0"?><!DOCTYPE GIFTI [{entities}]><GIFTI>&b;</GIFTI>')


def encoded(path, name):
    path.write_text(path.read_text().replace("UTF-8", name, 1))


def stated(path):
    path.write_text(path.read_text().replace('Dim0="642"', 'Dim0="641"'))


def huge(path):
    path.write_text(path.read_text().replace('Dim0="642"', 'Dim0="2147483647"'))


def outside(path):
    path.write_text(path.read_text().replace("GZipBase64Binary", "ExternalFileBinary"))


def shorter(path):
    array = nib.gifti.GiftiDataArray(np.ones(100, np.float32), datatype="NIFTI_TYPE_FLOAT32")
    nib.save(nib.gifti.GiftiImage(darrays=[array]), path)


def test_data_are_unpacked_no_further_than_is_stated(tmp_path):
    """A small file whose packed data are large is refused by its size, not by memory."""
    import base64
    import zlib

    packed = base64.b64encode(zlib.compress(bytes(1 << 24))).decode()
    path = tmp_path / "lh.A.gii"
    path.write_text(
        '<GIFTI><DataArray DataType="NIFTI_TYPE_FLOAT32" Dimensionality="1" Dim0="642" '
        f'Encoding="GZipBase64Binary" Endian="LittleEndian"><Data>{packed}</Data></DataArray>'
        "</GIFTI>"
    )
    with pytest.raises(UserError, match=r"2,569 bytes of data where 2,568 are stated"):
        read_gifti(path)


def test_faulty_overlays_are_refused(tmp_path):
    folder = write_mgh_maps(tmp_path / "maps", expression_on_vertices())
    path = folder / "TP53_hemi-L.mgh"
    whole = path.read_bytes()
    for content, said in (
        (whole[:1000], "is cut short"),
        (b"\0\0\0\x02" + whole[4:], "is not an MGH file"),
        (whole[:4] + b"\x7f\xff\xff\xff" + whole[8:], "states 2147483647 x 1 x 1 values"),
    ):
        path.write_bytes(content)
        with pytest.raises(UserError, match=said):
            read_expression(folder)
    path.unlink()
    (folder / "TP53_hemi-L.mgz").write_bytes(gzip.compress(whole)[:500])
    with pytest.raises(UserError, match=r"hemi-L\.mgz is damaged"):
        read_expression(folder)
    nib.save(nib.MGHImage(np.ones((9, 9, 20), np.float32), np.eye(4)), path)
    (folder / "TP53_hemi-L.mgz").unlink()
    with pytest.raises(UserError, match=r"is a volume \(9 x 9 x 20\)"):
        read_expression(folder)


def test_tables_of_other_numbers_of_rows_are_no_vertices(tmp_path):
    values = expression_on_vertices()
    path = tmp_path / "table.csv"
    frame = pd.DataFrame(values, columns=list(GENES)).rename_axis("vertex")
    frame[:700].to_csv(path)
    with pytest.raises(UserError, match="is a table without an atlas"):
        read_expression(path)
    frame[:N].to_csv(path)
    with pytest.raises(UserError, match=r"642 rows, as one hemisphere of fsaverage3 .* say which"):
        read_expression(path)


def test_surfaces_for_data_of_voxels_are_refused(tmp_path):
    with pytest.raises(UserError, match=r"are for vertices, and these data have none"):
        read_expression(tmp_path / "a.nii.gz", surface=["a.gii"])


def test_parcels_are_the_regions_of_a_table(tmp_path):
    """Names without a side get one; each region's value stands at its vertices and no other."""
    colors = np.array([[0, 0, 0, 0, 0], [9, 9, 9, 0, 9], [8, 8, 8, 0, 8]])
    for side in ("lh", "rh"):
        y = fsaverage5()["left" if side == "lh" else "right"].pial[:N, 1]
        labels = np.where(y > 10, 1, 2)
        labels[:20] = 0
        names = ["Unknown", "front", "behind"]
        nib.freesurfer.write_annot(tmp_path / f"{side}.two.annot", labels, colors, names)
    table = tmp_path / "table.csv"
    rows = {"R_behind": 4, "L_front": 1, "L_behind": 2, "R_front": 3}
    frame = pd.DataFrame(dict.fromkeys(GENES, rows), dtype=float).rename_axis("region")
    frame.to_csv(table)
    read = read_expression(table, atlas=tmp_path / "lh.two.annot")
    assert isinstance(read.parcellation, SurfaceParcellation)
    assert set(read.samples) == set(rows)
    sides = read.parcellation.by_side(read.values[:, 0])
    y = fsaverage5()["right"].pial[:N, 1]
    expected = np.where(y > 10, 3.0, 4.0)
    np.testing.assert_array_equal(sides["right"][20:], expected[20:])
    assert np.isnan(sides["left"][:20]).all()
    assert set(np.unique(sides["left"][20:])) == {1, 2}


def test_the_real_map_and_parcels_are_read():
    read = read_expression([real_data("surface/lh.geneID_793.gii")])
    assert read.genes == ("CALB1",)
    assert read.parcellation.sizes == (163_842, 0)
    assert 145_000 < read.n_samples < 152_000  # without the medial wall
    assert max(read.parcellation.labels.shape) <= 32_767
    assert read.parcellation.places_known
    x, y, _ = read.parcellation.centroids.T
    assert -75 < x.min() < x.max() < 5
    assert -115 < y.min() < y.max() < 80


def test_folders_and_files_of_maps_are_told_by_their_names(tmp_path):
    folder = write_gifti_maps(tmp_path / "maps", expression_on_vertices())
    assert sniff(folder) == "vertices"
    assert sniff(folder / "lh.CALB1.gii") == "vertices"
    assert sniff([folder / "lh.CALB1.gii", folder / "rh.CALB1.gii"]) == "vertices"
    for name in ("lh.pial.surf.gii", "lh.aparc.annot", "rh.aparc.label.gii"):
        (tmp_path / name).write_bytes(b"1")
        assert sniff(tmp_path / name) == "vertices"  # the form knows what to do with them
    for name in ("lh.pial", "CALB1.gii", "lh.sulc.mgh"):
        (tmp_path / name).write_bytes(b"1")
        assert sniff(tmp_path / name) is None
