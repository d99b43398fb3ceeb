"""What is read, by which public reader, and which files of a seed are changed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from napari_compressed_transcriptomics.codecs.models.model_file import load_model
from napari_compressed_transcriptomics.io import read_expression, read_volume
from napari_compressed_transcriptomics.io.readers.region_names import read_region_names
from napari_compressed_transcriptomics.io.readers.row_names import read_row_names
from napari_compressed_transcriptomics.io.readers.targets import read_latent_images, read_targets
from napari_compressed_transcriptomics.io.writers.read_results import read_results
from napari_compressed_transcriptomics.study.named_latents import read_named_latents

from . import reading
from .brain import regions, voxels
from .jobs import compare, train
from .reading import Reading


@dataclass(frozen=True)
class Kind:
    """One kind of file and how it is read."""

    seed: str
    """Folder of valid files."""
    files: tuple[str, ...]
    """Those that are changed, the first more often than each other."""
    read: Callable[[Path], Reading]
    """Folder to reading."""
    share: int = 10
    """Cases of this kind, relative to others: fewer of what is slow."""
    by_order: tuple[str, ...] = ()
    """Files in which the order of lines is all that tells which is which."""
    any_columns: bool = False
    """A column may be called anything, and hold anything."""
    soft: frozenset[str] = frozenset()
    """Kinds of entries that no reader has to keep."""
    sealed: bool = False
    """Hashes tell of any change: harmless ones are refused, too."""


def _expression(name: str) -> Callable[[Path], Reading]:
    return lambda folder: reading.of_expression(read_expression(folder / name))


def _with(name: str, **how: str) -> Callable[[Path], Reading]:
    """Return a reader of expression; `how` names files that `read_expression` is given, too."""

    def read(folder: Path) -> Reading:
        given = {key: folder / file for key, file in how.items()}
        if "vertices_of" in given:
            given["vertices_of"] = [given["vertices_of"]]
        return reading.of_expression(read_expression(folder / name, **given))

    return read


def _volume(name: str) -> Callable[[Path], Reading]:
    return lambda folder: reading.of_volume(read_volume(folder / name))


def _model(name: str) -> Callable[[Path], Reading]:
    return lambda folder: reading.of_codec(load_model(folder / name))


def _labels(name: str) -> Callable[[Path], Reading]:
    return lambda folder: reading.of_region_names(read_region_names(folder / name))


def _rows(name: str) -> Callable[[Path], Reading]:
    return lambda folder: reading.of_row_names(read_row_names(folder / name))


def _of_regions(folder: Path) -> Reading:
    return reading.of_expression(read_expression(folder / "voxels.nii.gz", folder / "dk.nii.gz"))


def _targets(*names: str) -> Callable[[Path], Reading]:
    """Return a reader of targets, from a file and the list of regions that it may need."""

    def read(folder: Path) -> Reading:
        of, *lists = (folder / name for name in names)
        targets = read_targets([of], regions(), *lists)
        return reading.of_targets(targets, regions().samples)

    return read


def _latent_images(folder: Path) -> Reading:
    files = [folder / f"abagen_pca{i}_8mm.nii.gz" for i in range(2)]
    return reading.of_features(read_latent_images(files, voxels()))


def _named_latents(folder: Path) -> Reading:
    files = [folder / f"abagen_pca{i}_8mm.nii.gz" for i in range(2)]
    return reading.of_named_latents(read_named_latents(files))


def _results(folder: Path) -> Reading:
    return reading.of_results(read_results(folder / "r"))


def _comparison(folder: Path) -> Reading:
    return reading.of_scores(compare(folder / "c").scores)


def _training(folder: Path) -> Reading:
    codec = train(folder, go_on=True)
    tensors = codec.tensors().items()
    return Reading({("tensor", name): reading.digest(tensor) for name, tensor in tensors})


_ATLAS = ("t_atlas.nii.gz", "t_labels.csv")
_RESULTS = tuple(
    f"r/{name}"
    for name in (
        *("summary.json", "latents.nii.gz", "latents.json", "error.nii.gz", "error.json"),
        *("latents.csv", "gene_error.csv", "sample_error.csv", "density.csv"),
    )
)
_CORTEX = frozenset({"cortex"})
_RECORD = frozenset({"record", "card"})  # with the hash of the very file

KINDS = {
    "nifti": Kind(
        "nifti", ("b.nii", "b.genes.txt"), _expression("b.nii"), 15, by_order=("b.genes.txt",)
    ),
    "nifti-gz": Kind(
        *("nifti-gz", ("b.nii.gz", "b.genes.tsv"), _expression("b.nii.gz"), 20),
        by_order=("b.genes.tsv",),
    ),
    "nifti-json": Kind("nifti-json", ("b.json", "b.nii.gz"), _expression("b.nii.gz")),
    "nifti-2": Kind("nifti-2", ("b.nii.gz",), _expression("b.nii.gz")),
    "nifti-big": Kind("nifti-big", ("b.nii",), _expression("b.nii")),
    "nifti-int16": Kind("nifti-int16", ("b.nii",), _expression("b.nii")),
    "maps": Kind("maps", ("m/one.zip", "m/0_mRNA.nii"), _expression("m")),
    "csv": Kind("csv", ("t.csv", *_ATLAS), _expression("t.csv"), 40),
    "csv-ids": Kind("csv-ids", ("t.csv", *_ATLAS), _expression("t.csv"), 20),
    "csv-gz": Kind("csv-gz", ("t.csv.gz",), _expression("t.csv.gz"), 20),
    "tsv": Kind("tsv", ("t.tsv",), _expression("t.tsv"), 15),
    "csv-sidecar": Kind("csv-sidecar", ("t.json", "t.csv"), _expression("t.csv"), 15),
    "parquet": Kind("parquet", ("t.parquet",), _expression("t.parquet"), 20),
    "h5ad-regions": Kind("h5ad-regions", ("a.h5ad",), _expression("a.h5ad"), 15),
    "h5ad-voxels": Kind("h5ad-voxels", ("a.h5ad",), _expression("a.h5ad")),
    "h5ad-dense": Kind("h5ad-dense", ("a.h5ad",), _expression("a.h5ad")),
    "h5ad-ids": Kind("h5ad-ids", ("a.h5ad",), _expression("a.h5ad")),
    "h5ad-csr": Kind("h5ad-csr", ("a.h5ad",), _expression("a.h5ad")),
    "h5ad-csc": Kind("h5ad-csc", ("a.h5ad",), _expression("a.h5ad"), 5),
    "h5ad-table": Kind("h5ad-table", ("a.h5ad",), _expression("a.h5ad")),
    "h5ad-vertices": Kind("h5ad-vertices", ("a.h5ad",), _expression("a.h5ad")),
    "gifti": Kind(
        "gifti",
        ("g/lh.GABRA1.gii", "g/rh.GABRA1.gii", "g/lh.GABRB2.gii", "g/rh.GABRB2.gii.gz"),
        _expression("g"),
        15,
    ),
    "mgh": Kind("mgh", ("m/lh.GABRA1.mgh", "m/rh.GABRA1.mgz"), _expression("m")),
    "annot": Kind("annot", ("lh.two.annot",), _with("t.csv", atlas="lh.two.annot")),
    "label-gifti": Kind(
        "label-gifti", ("lh.two.label.gii",), _with("t.csv", atlas="lh.two.label.gii")
    ),
    "mask": Kind("mask", ("lh.mask.shape.gii",), _with("t.csv", vertices_of="lh.mask.shape.gii")),
    "image": Kind("image", ("m.nii.gz",), _volume("m.nii.gz"), 15),
    "image-big": Kind("image-big", ("m.nii",), _volume("m.nii")),
    "atlas": Kind("atlas", ("dk.nii.gz", "dk_labels.csv"), _volume("dk.nii.gz"), 15),
    "atlas-means": Kind("atlas", ("dk.nii.gz", "dk_labels.csv"), _of_regions),
    "latents": Kind("latents", ("latents.nii.gz",), _volume("latents.nii.gz"), sealed=True),
    "named-latents": Kind("named-latents", ("abagen_pca1_8mm.nii.gz",), _named_latents),
    "latent-images": Kind("named-latents", ("abagen_pca1_8mm.nii.gz",), _latent_images),
    "labels": Kind("labels", ("list.csv",), _labels("list.csv"), 15),
    "labels-two": Kind("labels", ("two.csv",), _labels("two.csv"), any_columns=True),
    "labels-sides": Kind("labels", ("sides.csv",), _labels("sides.csv")),
    "labels-lut": Kind("labels", ("lut.txt",), _labels("lut.txt"), any_columns=True),
    "labels-pairs": Kind(
        "labels", ("pairs.txt",), _labels("pairs.txt"), by_order=("pairs.txt",), any_columns=True
    ),
    "rows": Kind("labels", ("list.csv",), _rows("list.csv"), by_order=("list.csv",), soft=_CORTEX),
    "rows-xlsx": Kind("labels", ("list.xlsx",), _rows("list.xlsx"), soft=_CORTEX),
    "targets": Kind("targets", ("tg.csv",), _targets("tg.csv"), 20, any_columns=True),
    "targets-plain": Kind(
        *("targets-plain", ("tg.csv", "list.csv"), _targets("tg.csv", "list.csv")),
        by_order=("tg.csv", "list.csv"),
        any_columns=True,
    ),
    "targets-xlsx": Kind(
        *("targets-plain", ("list.xlsx", "tg.csv"), _targets("tg.csv", "list.xlsx")),
        by_order=("tg.csv",),
        any_columns=True,
    ),
    "targets-image": Kind("image", ("m.nii.gz",), _targets("m.nii.gz"), 5),
    "pca": Kind("pca", ("m.safetensors",), _model("m.safetensors"), 15),
    "residual": Kind("residual", ("m.safetensors",), _model("m.safetensors")),
    "autoencoder": Kind("autoencoder", ("m.safetensors",), _model("m.safetensors"), 15),
    "pt": Kind(
        *("pt", ("m.pt", "m.genes.txt"), _model("m.pt"), 15),
        by_order=("m.genes.txt",),
        any_columns=True,
        soft=_RECORD,
    ),
    "pt-old": Kind("pt-old", ("m.pt",), _model("m.pt"), soft=_RECORD),
    "pt-sample": Kind(
        *("pt-sample", ("sample_data.csv", "m.pt"), _model("m.pt")),
        by_order=("sample_data.csv",),
        any_columns=True,
        soft=_RECORD | {"config", "tensor", "output"},  # limits and means are the sample's
    ),
    "results-voxels": Kind("results-voxels", _RESULTS, _results, 25, sealed=True),
    "results-regions": Kind("results-regions", _RESULTS, _results, 15, sealed=True),
    "comparison": Kind(
        "comparison", ("c/comparison.csv", "c/comparison.json"), _comparison, 2, sealed=True
    ),
    "checkpoints": Kind(
        *("checkpoints", tuple(f"m.safetensors.checkpoint-{slot}" for slot in "AB"), _training, 5)
    ),
}
