"""Use the installed package as a user would: run by `wheel_test.py` in a fresh environment."""

import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
from napari.components import ViewerModel
from npe2 import PluginManager

import napari_compressed_transcriptomics as package

PLUGIN = "napari-compressed-transcriptomics"


def command(*arguments: str) -> str:
    """Run the command that the wheel installed, and return what it prints."""
    program = Path(sys.executable).parent / "compressed-transcriptomics"
    done = subprocess.run([program, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def main() -> None:
    """Open both samples, save one, encode it, make its page, and read latents back."""
    assert "site-packages" in package.__file__, package.__file__
    assert command("--version").strip().endswith(package.__version__)

    PluginManager.instance().discover()  # as a window does when it opens
    viewer = ViewerModel()
    for sample, n_layers in (("synthetic_brain", 1), ("synthetic_regions", 2)):
        viewer.layers.clear()
        viewer.open_sample(PLUGIN, sample)
        assert len(viewer.layers) == n_layers, viewer.layers

    command("demo", "--no-viewer", "--out", "demo")
    latents = sorted(Path("demo").rglob("latents.nii.gz"))
    assert latents, sorted(Path("demo").rglob("*"))
    volume = nibabel.load(latents[0])
    assert volume.ndim == 4
    assert np.isfinite(volume.get_fdata()).any()

    command("page", str(latents[0].parent), "--out", "page.html")
    assert 'id="arrays"' in Path("page.html").read_text("utf-8")

    layers = viewer.open(latents[0], plugin=PLUGIN)
    assert tuple(layers[0].axis_labels) == ("component", "z", "y", "x")
    assert layers[0].data.shape[0] == volume.shape[3]
    print(f"{package.__version__}: both samples, {latents[0]} of {volume.shape}")


if __name__ == "__main__":
    main()
