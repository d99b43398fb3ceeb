"""Small valid files of every kind, the same to the byte wherever they are made."""

import gzip
import json
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from tests.workbook import HEAD, SPACE, write_workbook

from . import seeds_surface
from .brain import AFFINE, GENES, IDS, REGIONS, labels, mask, regions, table, volume, voxels


def make_seeds(folder: Path) -> None:
    """Make a folder of files for each seed that `kinds.KINDS` names."""
    for name, make in _SEEDS.items():
        place = folder / name
        place.mkdir(parents=True)
        make(place)


def _nifti(path: Path, data: np.ndarray, version: int = 1, big: bool = False, **how: Any) -> None:
    """Write NIfTI; `how` may say dtype and slope."""
    import nibabel as nib

    image = (nib.Nifti1Image if version == 1 else nib.Nifti2Image)(data, AFFINE)
    if big:
        image = type(image)(data, AFFINE, image.header.as_byteswapped(">"))
    image.set_qform(AFFINE, code=2)
    image.set_sform(AFFINE, code=2)
    if "dtype" in how:
        image.set_data_dtype(how["dtype"])
        image.header.set_slope_inter(how["slope"], 0)
    written = image.to_bytes()
    path.write_bytes(_packed(written) if path.name.endswith(".gz") else written)


def _packed(data: bytes) -> bytes:
    return gzip.compress(data, 6, mtime=0)


def _text(rows: Iterable[Sequence[object]], sep: str = ",") -> str:
    return "".join(sep.join(map(str, row)) + "\n" for row in rows)


def _gene_volume(name: str, genes: str, **how: Any) -> Any:
    """Return a maker of a 4-D NIfTI and the file `genes` that names its volumes."""
    contents = {
        ".txt": _text([[gene] for gene in GENES]),
        ".tsv": _text([["gene"], *([gene] for gene in GENES)]),
        ".json": json.dumps({"genes": GENES}),
    }

    def make(folder: Path) -> None:
        stored = how.pop("stored", lambda data: data)
        _nifti(folder / name, stored(volume()), **how)
        (folder / genes).write_text(contents[Path(genes).suffix], "utf-8")

    return make


def _maps(folder: Path) -> None:
    """Write one volume per gene, one of them in a zip."""
    import zipfile

    (folder / "m").mkdir()
    of_gene = np.nan_to_num(np.moveaxis(volume(), -1, 0)[:5])
    for gene, data in zip(GENES, of_gene, strict=False):
        _nifti(folder / "m" / f"{gene}_mRNA.nii", data)
    packed = folder / "m" / f"{GENES[0]}_mRNA.nii"
    when = zipfile.ZipInfo(packed.name)  # of no time: the same bytes each time
    when.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(folder / "m" / "one.zip", "w") as file:
        file.writestr(when, packed.read_bytes())
    packed.rename(folder / "m" / "0_mRNA.nii")


def _region_table(name: str, names: Sequence[object] = REGIONS, head: str = "label") -> Any:
    """Return a maker of a table with its atlas and label table."""

    def make(folder: Path) -> None:
        _atlas(folder, "t")
        sep = "\t" if ".tsv" in name else ","
        rows = [[row, *values] for row, values in zip(names, table().tolist(), strict=True)]
        text = _text([[head, *GENES], *rows], sep).encode()
        (folder / name).write_bytes(_packed(text) if name.endswith(".gz") else text)

    return make


def _atlas(folder: Path, stem: str) -> None:
    _nifti(folder / f"{stem}_atlas.nii.gz", labels())
    (folder / f"{stem}_labels.csv").write_text(_label_table(), "utf-8")


def _label_table() -> str:
    rows = zip(IDS, REGIONS, strict=True)
    parts = [(i, name, name[0], "cortex" if "_" in name else "subcortex") for i, name in rows]
    return _text([("id", "label", "hemisphere", "structure"), *parts])


def _with_sidecar(folder: Path) -> None:
    _region_table("t.csv")(folder)
    for name in ("atlas.nii.gz", "labels.csv"):
        (folder / f"t_{name}").rename(folder / f"x_{name}")
    sidecar = {"atlas": "x_atlas.nii.gz", "labels": "x_labels.csv"}
    (folder / "t.json").write_text(json.dumps(sidecar), "utf-8")


def _parquet(folder: Path) -> None:
    import pandas as pd

    _atlas(folder, "t")
    frame = pd.DataFrame(table(), columns=list(GENES), index=pd.Index(REGIONS, name="label"))
    frame.to_parquet(folder / "t.parquet")


def _our_h5ad(expression: Any) -> Any:
    def make(folder: Path) -> None:
        from napari_compressed_transcriptomics.io.writers.h5ad_write import write_h5ad

        write_h5ad(folder / "a.h5ad", expression())

    return make


def _foreign_h5ad(how: str) -> Any:
    """Return a maker of what other programs write: voxels with positions, or a table."""

    def make(folder: Path) -> None:
        import pandas as pd
        from anndata import AnnData
        from scipy import sparse

        from napari_compressed_transcriptomics.core.genes.hgnc import gene_table

        values = volume()[mask()]
        names = [f"v{i}" for i in range(len(values))]
        obsm = {"spatial": np.argwhere(mask()) @ AFFINE[:3, :3].T + AFFINE[:3, 3]}
        if how == "table":
            _atlas(folder, "a")
            values, names, obsm = table().astype(np.float32), list(REGIONS), {}
        elif how not in ("dense", "ids"):
            values = {"csr": sparse.csr_matrix, "csc": sparse.csc_matrix}[how](values)
        obs, var = pd.DataFrame(index=names), pd.DataFrame(index=list(GENES))
        if how == "ids":
            var = pd.DataFrame(
                {"feature_name": pd.Categorical(GENES)},
                index=[gene_table().row(gene)[1] for gene in GENES],
            )
        AnnData(values, obs=obs, var=var, obsm=obsm).write_h5ad(folder / "a.h5ad")

    return make


def _image(name: str, **how: Any) -> Any:
    def make(folder: Path) -> None:
        _nifti(folder / name, np.where(mask(), volume()[..., 0], np.float32(-3)), **how)

    return make


def _label_volume(folder: Path) -> None:
    _nifti(folder / "dk.nii.gz", labels())
    (folder / "dk_labels.csv").write_text(_label_table(), "utf-8")
    _gene_volume("voxels.nii.gz", "voxels.genes.txt")(folder)


def _codec(codec_id: str, **settings: Any) -> Any:
    from napari_compressed_transcriptomics.codecs.codec import codec_class

    codec = codec_class(codec_id).fit(voxels(), 2, device="cpu", **settings)
    codec.training.pop("seconds", None)
    return codec


@cache
def _autoencoder() -> Any:
    return _codec("autoencoder", max_epochs=2, hidden_sizes=(8, 4))


def _model(make_codec: Any) -> Any:
    def make(folder: Path) -> None:
        from napari_compressed_transcriptomics.codecs.models.model_file import save_model

        save_model(make_codec(), folder / "m.safetensors")

    return make


def _weights(beside: str, new: bool = True) -> Any:
    def make(folder: Path) -> None:
        import torch

        state = _autoencoder().module.state_dict()
        torch.save(state, folder / "m.pt", _use_new_zipfile_serialization=new)
        rows = [[gene] for gene in GENES]
        if beside.endswith(".csv"):
            rows = [["", *GENES], *([i, *row] for i, row in enumerate(table().tolist()))]
        (folder / beside).write_text(_text(rows), "utf-8")

    return make


def _results(expression: Any) -> Any:
    def make(folder: Path) -> None:
        from napari_compressed_transcriptomics.codecs.fitting import fit_codec
        from napari_compressed_transcriptomics.io.writers.results import save_results
        from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct

        codec = fit_codec("pca", expression(), 2, device="cpu")
        made = replace(reconstruct(codec, expression(), device="cpu"), seconds=1.0)
        save_results(made, folder / "r", {"codec": "pca"})

    return make


def _latents(folder: Path) -> None:
    _results(voxels)(folder)
    for name in ("latents.nii.gz", "latents.json"):
        (folder / "r" / name).rename(folder / name)
    shutil.rmtree(folder / "r")


def _named_latents(folder: Path) -> None:
    for i in range(2):
        image = np.where(mask(), volume()[..., i], np.float32(0.25))
        _nifti(folder / f"abagen_pca{i}_8mm.nii.gz", image)


def _targets(folder: Path) -> None:
    rows = zip(REGIONS, *table().T[:2].tolist(), strict=True)
    (folder / "tg.csv").write_text(_text([("region", "5HT", "D1"), *rows]), "utf-8")


def _plain_targets(folder: Path) -> None:
    column = table()[:, 0].tolist()
    (folder / "tg.csv").write_text(_text([[value] for value in column]), "utf-8")
    _label_tables(folder)


def _label_tables(folder: Path) -> None:
    pairs = list(zip(IDS, REGIONS, strict=True))
    sides = [(i, name.lstrip("LR").strip("_"), name[0]) for i, name in pairs]
    for name, text in {
        "list.csv": _label_table(),
        "two.csv": _text(pairs),
        "sides.csv": _text([("id", "label", "hemisphere"), *sides]),
        "lut.txt": _text([(*pair, 10, 20, 30, 0) for pair in pairs], " "),
        "pairs.txt": "".join(f"{name}\n{i} 10 20 30 255\n" for i, name in pairs),
    }.items():
        (folder / name).write_text(text, "utf-8")
    _workbook(folder / "list.xlsx")


def _workbook(path: Path) -> None:
    rows = [line.split(",") for line in _label_table().splitlines()]
    strings = list(dict.fromkeys(c for row in rows for c in row if not c.isdigit()))
    sheet = ""
    for r, row in enumerate(rows, 1):
        cells = (
            f'<c r="{"ABCD"[c]}{r}"'
            + (f"><v>{v}</v></c>" if v.isdigit() else f' t="s"><v>{strings.index(v)}</v></c>')
            for c, v in enumerate(row)
        )
        sheet += f'<row r="{r}">{"".join(cells)}</row>'
    texts = "".join(f"<si><t>{text}</t></si>" for text in strings)
    write_workbook(
        path,
        f"{HEAD}<worksheet {SPACE}><sheetData>{sheet}</sheetData></worksheet>",
        f"{HEAD}<sst {SPACE}>{texts}</sst>",
    )


def _comparison(folder: Path) -> None:
    from napari_compressed_transcriptomics.io.writers.comparison import save_comparison

    from .jobs import compare

    made = compare(folder / "c")
    shutil.rmtree(folder / "c")
    timed = tuple(score._replace(seconds=0.01) for score in made.scores)
    save_comparison(replace(made, scores=timed), folder / "c")


def _checkpoints(folder: Path) -> None:
    from .jobs import train

    train(folder, go_on=False, stop_after=4)


_SEEDS = {
    "nifti": _gene_volume("b.nii", "b.genes.txt"),
    "nifti-gz": _gene_volume("b.nii.gz", "b.genes.tsv"),
    "nifti-json": _gene_volume("b.nii.gz", "b.json"),
    "nifti-2": _gene_volume("b.nii.gz", "b.genes.tsv", version=2),
    "nifti-big": _gene_volume("b.nii", "b.genes.txt", big=True),
    "nifti-int16": _gene_volume("b.nii", "b.genes.tsv", dtype=np.int16, slope=1e-4),
    "maps": _maps,
    "csv": _region_table("t.csv"),
    "csv-ids": _region_table("t.csv", IDS, "id"),
    "csv-gz": _region_table("t.csv.gz"),
    "tsv": _region_table("t.tsv"),
    "csv-sidecar": _with_sidecar,
    "parquet": _parquet,
    "h5ad-regions": _our_h5ad(regions),
    "h5ad-voxels": _our_h5ad(voxels),
    "h5ad-dense": _foreign_h5ad("dense"),
    "h5ad-csr": _foreign_h5ad("csr"),
    "h5ad-csc": _foreign_h5ad("csc"),
    "h5ad-ids": _foreign_h5ad("ids"),
    "h5ad-table": _foreign_h5ad("table"),
    "h5ad-vertices": _our_h5ad(seeds_surface.vertices),
    "gifti": seeds_surface.maps_gifti,
    "mgh": seeds_surface.maps_mgh,
    "annot": seeds_surface.parcels_annot,
    "label-gifti": seeds_surface.parcels_gifti,
    "mask": seeds_surface.masked_table,
    "image": _image("m.nii.gz"),
    "image-big": _image("m.nii", big=True),
    "atlas": _label_volume,
    "latents": _latents,
    "named-latents": _named_latents,
    "labels": _label_tables,
    "targets": _targets,
    "targets-plain": _plain_targets,
    "pca": _model(lambda: _codec("pca")),
    "residual": _model(lambda: _codec("residual", max_epochs=2, hidden_sizes=(8, 4))),
    "autoencoder": _model(_autoencoder),
    "pt": _weights("m.genes.txt"),
    "pt-old": _weights("m.genes.txt", new=False),
    "pt-sample": _weights("sample_data.csv"),
    "results-voxels": _results(voxels),
    "results-regions": _results(regions),
    "comparison": _comparison,
    "checkpoints": _checkpoints,
}
