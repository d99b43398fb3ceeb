"""How right genes are that are decoded from latents published as 0..1, with the published width.

    python -m benchmarks.decoding [--epochs N]

Real weights are not needed: the published architecture is trained on a synthetic brain of 15,633
genes at 8 mm, written in the published form beside a sample table of 16 mm voxels, its latents
scaled as the published ones are; then they are decoded as a user would. Takes minutes.
"""

import argparse
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
import torch  # noqa: TID253

from napari_compressed_transcriptomics.codecs.autoencoder import Autoencoder
from napari_compressed_transcriptomics.codecs.models.state_dict import SAMPLE
from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook
from napari_compressed_transcriptomics.codecs.recipes import TrainRequest, train_codec
from napari_compressed_transcriptomics.core.expression import Expression
from napari_compressed_transcriptomics.core.synthetic import synthetic_brain
from napari_compressed_transcriptomics.reconstruction.decode import DecodeRequest, decode_latents

N_GENES, K, EVERY = 15_633, 2, 50


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--genes", type=int, default=N_GENES)
    given = parser.parse_args()
    brain = synthetic_brain(n_genes=given.genes)
    request = TrainRequest(brain, K, recipe="autoencoder", max_epochs=given.epochs, device="cpu")
    codec = train_codec(request)
    assert isinstance(codec, Autoencoder)
    with tempfile.TemporaryDirectory() as folder:
        measured = measure(brain, codec, Path(folder), given.genes)
    print(f"{brain.n_samples:,} voxels x {given.genes:,} genes, k = {K}, {given.epochs} epochs: "
          f"RMSE of the model itself {codec.training['train_rmse']:.4f}")  # fmt: skip
    print("\n| latents | scale from | RMSE to genes of raw latents | correlation, median "
          "(5th percentile) over genes |\n|---|---|---|---|")  # fmt: skip
    for line in measured:
        print(f"| {line} |")


def measure(brain: Expression, codec: Autoencoder, folder: Path, n_genes: int) -> list[str]:
    """Return a line a way of scaling and of bringing back."""
    model = folder / "autoencode_abagen_2_components.pt"
    torch.save(codec.module.state_dict(), model)
    sample = synthetic_brain(voxel_mm=16, n_genes=n_genes)
    rows = [",id," + ",".join(sample.genes)]
    rows += [f"{i},{i}," + ",".join(f"{v:.6f}" for v in row) for i, row in enumerate(sample.values)]
    (folder / SAMPLE).write_text("\n".join(rows) + "\n")
    raw = codec.encode(brain.values)
    lines = []
    modes = {
        "of each row by itself": raw,
        "as the notebook makes them (batch statistics)": as_notebook(codec, brain).encode(
            brain.values
        ),
    }
    for words, latents in modes.items():
        paths, ranges = published(brain, latents, folder)
        for how, known in (("known ranges", ranges), ("the sample of 16 mm voxels", ())):
            result = decode_latents(DecodeRequest(paths, model, known))
            lines.append(f"{words} | {how} | {likeness(codec, raw, result.latents)}")
    return lines


def published(
    brain: Expression, latents: np.ndarray, folder: Path
) -> tuple[tuple[Path, ...], tuple[tuple[float, float], ...]]:
    """Write latents as they are published; return their files, and ranges before scaling."""
    paths, ranges = [], []
    for k, column in enumerate(latents.T):
        volume = np.nan_to_num(brain.parcellation.paint(column))
        ranges.append((float(volume.min()), float(volume.max())))
        scaled = (volume - volume.min()) / np.ptp(volume)
        paths.append(folder / f"abagen_ae{k}_8mm.nii.gz")
        nib.save(nib.Nifti1Image(scaled, brain.parcellation.affine), paths[-1])
    return tuple(paths), tuple(ranges)


def likeness(codec: Autoencoder, raw: np.ndarray, latents: np.ndarray) -> str:
    """Return RMSE and correlation of some genes against those that raw latents give."""
    right = codec.decode(raw)[:, ::EVERY].astype(float)
    found = codec.decode(latents)[:, ::EVERY].astype(float)
    rmse = np.sqrt(((found - right) ** 2).mean())
    a, b = found - found.mean(axis=0), right - right.mean(axis=0)
    r = (a * b).sum(axis=0) / np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    spread = np.sqrt((b**2).mean())
    return (
        f"{rmse:.5f} ({rmse / spread:.0%} of genes' spread) | {np.median(r):.3f} "
        f"({np.percentile(r, 5):.3f})"
    )


if __name__ == "__main__":
    main()
