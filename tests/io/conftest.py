"""A small volume."""

import nibabel as nib
import numpy as np
import pytest


@pytest.fixture
def volume(tmp_path):
    """A .nii file of float32, 12 x 10 x 8."""
    rng = np.random.default_rng(3)
    data = rng.uniform(0.3, 0.7, (12, 10, 8)).astype(np.float32)
    path = tmp_path / "map.nii"
    nib.save(nib.Nifti1Image(data, np.diag([2.0, 2, 2, 1])), path)
    return path
