"""Vertices that files of values do not name: masks, hemispheres, parcels, and finer meshes."""

import numpy as np
import pandas as pd
import pytest

from data import real_data
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.io.readers.surfaces.mgh import read_annot
from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5
from napari_compressed_transcriptomics.spatial.finer_mesh import finer, halved
from vertices import GENES, N, expression_on_vertices, write_gifti_maps, write_labels


def write_table(path, values):
    pd.DataFrame(values, columns=list(GENES)).rename_axis("vertex").to_csv(path)
    return path


def wall(n=32_492, n_cortex=29_696, seed=0):
    """A mask of fs_LR 32k with as many vertices of cortex as the left side has."""
    mask = np.zeros(n)
    mask[np.random.default_rng(seed).permutation(n)[:n_cortex]] = 1
    return mask


def test_rows_without_the_medial_wall_lie_where_a_mask_says(tmp_path):
    mask = wall()
    values = np.random.default_rng(1).normal(5, 1, (29_696, 4)).astype(np.float32)
    path = write_table(tmp_path / "ahba_vertex.csv", values)
    with pytest.raises(UserError, match=r"29,696 rows, as fs_LR 32k \(left\).*--vertices-of"):
        read_expression(path)
    shape = write_labels(tmp_path / "L.atlasroi.32k_fs_LR.shape.gii", mask)
    read = read_expression(path, vertices_of=[shape])
    place = read.parcellation
    assert place.sizes == (32_492, 0)
    assert any("the 29,696 vertices of cortex among fs_LR 32k" in note for note in read.notes)
    assert read.samples[0] == f"lh_{np.flatnonzero(mask)[0]}"
    expected = np.full(32_492, np.nan, np.float32)
    expected[mask > 0] = values[:, 2]
    found = place.by_side(read.values[:, read.column("GRIN2B")])["left"]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert "cortex 1" in read.source

    labels = write_labels(tmp_path / "lh.cortex.label.gii", mask, ["cortex"])
    again = read_expression(path, vertices_of=[labels])
    np.testing.assert_array_equal(again.parcellation.labels, place.labels)
    right = write_labels(tmp_path / "R.mask.shape.gii", wall(n_cortex=29_716))
    both = read_expression(path, vertices_of=[right, shape])  # its number of rows tells the side
    assert both.parcellation.sizes == (32_492, 0)
    with pytest.raises(UserError, match="29,696 rows, and the masks name 29,716 of 32,492 on the"):
        read_expression(path, vertices_of=[right])
    nameless = write_labels(tmp_path / "mask.shape.gii", mask)
    with pytest.raises(UserError, match="does not say which hemisphere"):
        read_expression(path, vertices_of=[nameless])
    told = read_expression(path, vertices_of=[nameless], hemisphere="right")
    assert told.parcellation.sizes == (0, 32_492)
    empty = write_labels(tmp_path / "lh.none.shape.gii", 0 * mask)
    with pytest.raises(UserError, match="names no vertex as cortex"):
        read_expression(path, vertices_of=[empty])


def test_both_sides_without_the_medial_wall(tmp_path):
    values = expression_on_vertices()
    inside = (values != 0).any(axis=1)
    path = write_table(tmp_path / "both.csv", values[inside])
    masks = [
        write_labels(tmp_path / f"{side}.mask.shape.gii", part)
        for side, part in zip(("lh", "rh"), np.split(inside, 2), strict=True)
    ]
    read = read_expression(path, vertices_of=masks)
    whole = read_expression(write_gifti_maps(tmp_path / "maps", values))
    np.testing.assert_array_equal(read.parcellation.labels, whole.parcellation.labels)
    assert read.samples == whole.samples
    # Of maps a mask leaves out what it does not name.
    inside[N : N + 100] = False
    fewer = write_labels(tmp_path / "rh.fewer.shape.gii", inside[N:])
    some = read_expression(tmp_path / "maps", vertices_of=[masks[0], fewer])
    assert some.n_samples == whole.n_samples - 80
    with pytest.raises(UserError, match="No mask of the left side"):
        read_expression(tmp_path / "maps", vertices_of=[fewer])


def test_a_hemisphere_that_no_name_tells_is_said(tmp_path):
    values = expression_on_vertices()[:N]
    path = write_table(tmp_path / "cortex.csv", values)
    with pytest.raises(UserError, match="--hemisphere left"):
        read_expression(path)
    assert read_expression(path, hemisphere="right").parcellation.sizes == (0, N)
    folder = write_gifti_maps(tmp_path / "maps", values, ("lh",))
    for file in folder.iterdir():
        file.rename(folder / file.name.removeprefix("lh."))
    with pytest.raises(UserError, match="or say which it is"):
        read_expression(folder)
    assert read_expression(folder, hemisphere="left").parcellation.sizes == (N, 0)
    with pytest.raises(UserError, match="no hemisphere 'both'"):
        read_expression(folder, hemisphere="both")
    with pytest.raises(UserError, match="these data have none"):
        read_expression(tmp_path / "a.nii.gz", hemisphere="left")


def test_vertices_are_averaged_in_parcels(tmp_path):
    values = expression_on_vertices()
    folder = write_gifti_maps(tmp_path / "maps", values)
    front = np.concatenate([fsaverage5()[side].pial[:N, 1] > 0 for side in ("left", "right")])
    labels = np.where(front, 1, 2)
    for side, part in zip(("lh", "rh"), np.split(labels, 2), strict=True):
        write_labels(tmp_path / f"{side}.two.label.gii", part, ["front", "behind"])
    read = read_expression(folder, atlas=tmp_path / "lh.two.label.gii")
    assert read.samples == ("L_front", "L_behind", "R_front", "R_behind")
    inside = (values != 0).any(axis=1)
    rows = inside & ~front & (np.arange(2 * N) >= N)
    np.testing.assert_allclose(read.values[3], values[rows].mean(axis=0), rtol=1e-5)
    sides = read.parcellation.by_side(read.values[:, 0])
    assert np.isnan(sides["right"][:20]).all()
    assert set(sides["right"][20:]) == {read.values[2, 0], read.values[3, 0]}

    table = write_table(tmp_path / "lh.vertices.csv", np.tile(values[:N], (4, 1))[:2562])
    for side in ("lh", "rh"):  # labels of a finer mesh name the vertices of a coarser one, too
        halves = 1 + np.arange(10_242) % 2
        write_labels(tmp_path / f"{side}.five.label.gii", halves, ["even", "odd"])
    even_odd = read_expression(table, atlas=tmp_path / "lh.five.label.gii")
    assert even_odd.samples == ("L_even", "L_odd")
    assert even_odd.parcellation.sizes == (2562, 0)


def test_labels_of_another_kind_than_the_data_are_refused(tmp_path):
    import nibabel as nib

    folder = write_gifti_maps(tmp_path / "maps", expression_on_vertices())
    nib.save(nib.Nifti1Image(np.ones((3, 3, 3), np.int16), np.eye(4)), tmp_path / "a.nii.gz")
    with pytest.raises(UserError, match=r"a\.nii\.gz is a label volume, and maps is of vertices"):
        read_expression(folder, atlas=tmp_path / "a.nii.gz")
    coarse = write_labels(tmp_path / "lh.x.label.gii", np.ones(32_492), ["all"])
    with pytest.raises(UserError, match=r"labels of fs_LR 32k, and maps is of fsaverage3"):
        read_expression(folder, atlas=coarse)
    volume = nib.Nifti1Image(np.random.default_rng(0).random((4, 4, 4, 3), np.float32), np.eye(4))
    nib.save(volume, tmp_path / "voxels.nii.gz")
    (tmp_path / "voxels.genes.txt").write_text("A\nB\nC\n")
    with pytest.raises(UserError, match=r"labels of vertices, and voxels\.nii\.gz is of voxels"):
        read_expression(tmp_path / "voxels.nii.gz", atlas=coarse)


def test_finer_meshes_are_those_of_freesurfer():
    """Made of the triangles of fsaverage4, which are those in the middle, fsaverage5 comes out."""
    side = fsaverage5()["left"]
    faces, n = np.asarray(side.faces), 2562
    ends = {}
    for face in faces:
        old = [v for v in face if v < n]
        for v in face:
            if v >= n and old:
                ends.setdefault(int(v), set()).add(old[0])
    middle = faces[(faces >= n).all(axis=1)]
    corners = [[ends[c] & ends[a], ends[a] & ends[b], ends[b] & ends[c]] for a, b, c in middle]
    coarse = np.array([[corner.pop() for corner in three] for three in corners])
    made, between = halved(coarse, n)
    np.testing.assert_array_equal(made, faces)
    assert [set(pair) for pair in between.tolist()] == [ends[v] for v in range(n, 10_242)]
    off = np.linalg.norm(side.pial[n:] - side.pial[between].mean(axis=1), axis=1)
    assert np.median(off) < 0.6


def test_parcels_of_the_real_mesh_hang_together_where_it_is_made():
    labels, names = read_annot(real_data("surface/lh.Schaefer_1000_7Net.annot"))
    side = fsaverage5()["left"]
    faces, (pial,) = finer(side.faces, [side.pial], len(labels))
    assert len(pial) == len(labels) == 163_842
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]]])
    assert (labels[edges[:, 0]] == labels[edges[:, 1]]).mean() > 0.9
    assert len(names) > 490
