"""The seven published autoencoders: where they are, how they are fetched, kept and loaded."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from napari_compressed_transcriptomics.codecs.codec import Codec
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.limits import LATENT_SIZES
from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import git_blob_id
from napari_compressed_transcriptomics.io.files.cache import KeptFiles, cache_folder, mirrored

from .state_dict import SAMPLE

if TYPE_CHECKING:
    from napari_compressed_transcriptomics.core.expression import Expression

COMMIT = "bd6cad0726ad52f6940eb42461fb522912dd9b80"
ADDRESS = (
    "https://raw.githubusercontent.com/high-dimensional/compressed-transcriptomics/"
    f"{COMMIT}/model_weights/"
)
MIRROR_VARIABLE = "COMPRESSED_TRANSCRIPTOMICS_MIRROR"

BLOB_IDS = {
    "autoencode_abagen_2_components.pt": "d6d2d772d7fdea9c9ebb3c052bc953c728d26f1e",
    "autoencode_abagen_4_components.pt": "c3511345941e22590afdd75612520e756c5cef41",
    "autoencode_abagen_8_components.pt": "6ab209e9b69f21cfdbae94af46ee10945259c52b",
    "autoencode_abagen_16_components.pt": "4798b76bf9701f99d03dcef58fe100da0e2e7a12",
    "autoencode_abagen_32_components.pt": "a2b9be3347d7b9696def63b58619366120ce7b50",
    "autoencode_abagen_64_components.pt": "580140ec587bc34ba7179f54c4f36823aeee3b0d",
    "autoencode_abagen_128_components.pt": "330409bbdb5bbd684016aae0af4412e8d1a53c7f",
    SAMPLE: "b73f8660f2c69f1c9ca1f60998e090406e5ade8e",
}
"""Git blob ids at `COMMIT` of the published repository, which licenses them as Apache-2.0."""


def weights_name(latent_size: int) -> str:
    """Return the published file's name; a `UserError` where that size was not published."""
    if latent_size not in LATENT_SIZES:
        raise UserError(
            f"There are no published weights with {latent_size} components; choose one of "
            f"{', '.join(map(str, LATENT_SIZES))}"
        )
    return f"autoencode_abagen_{latent_size}_components.pt"


def address() -> str:
    """Return the folder on the web that files are fetched from, ending in a slash.

    Raises
    ------
    UserError
        If `MIRROR_VARIABLE` is set to what is no address on the web.
    """
    return mirrored(MIRROR_VARIABLE, ADDRESS)


def weights_folder(preferred: str | Path | None = None) -> Path:
    """Return the folder in the cache that holds the published files, under their own names."""
    return cache_folder(preferred) / "published"


def _files(preferred: str | Path | None) -> KeptFiles:
    return KeptFiles(
        "Published files",
        weights_folder(preferred),
        BLOB_IDS,
        address,
        {name: name for name in BLOB_IDS},
        "compressed-transcriptomics models import FOLDER",
    )


def is_right(path: Path) -> bool:
    """Tell whether a published file is there, with the published content."""
    return path.is_file() and git_blob_id(path) == BLOB_IDS[path.name]


def download(
    latent_sizes: Iterable[int] = LATENT_SIZES,
    preferred: str | Path | None = None,
    report: Report = silent,
) -> Path:
    """Fetch the weights of some sizes, and the sample that tells their genes, if not there.

    What is there already is verified, too, and fetched again where it is damaged; nothing is
    written where all is well.

    Parameters
    ----------
    latent_sizes : iterable of int
        Of `LATENT_SIZES`.
    preferred : str or Path, optional
        See `cache_folder`.
    report : callable, optional
        Called with each `Progress`; may raise `Cancelled`.

    Returns
    -------
    Path
        The folder.

    Raises
    ------
    UserError
        Listing the files needed, and where to get and put them, if they cannot be fetched; or
        naming the folder and the setting, if it cannot be written.
    """
    return _files(preferred).fetch((SAMPLE, *map(weights_name, latent_sizes)), report)


def load_published(
    latent_size: int,
    preferred: str | Path | None = None,
    *,
    notebook_mode_for: "Expression | None" = None,
    report: Report = silent,
) -> Codec:
    """Load published weights, fetched if need be.

    Its genes are those of the published sample table. The clipping limits and gene means of
    the training data are not published; those of that sample (466 voxels of 16 mm of the same
    data) stand for them. So latents depend on nothing but a row's own values.

    Parameters
    ----------
    latent_size : int
        One of `LATENT_SIZES`.
    preferred : str or Path, optional
        See `cache_folder`.
    notebook_mode_for : Expression, optional
        Return the codec that does as the published notebook does with these data; see
        `notebook_mode.as_notebook`.
    report : callable, optional
        Called with each `Progress`; may raise `Cancelled`.

    Raises
    ------
    UserError
        As `download` and `state_dict.load_state_dict`.
    """
    from .model_file import load_model

    name = weights_name(latent_size)
    folder = download([latent_size], preferred, report)
    report(Progress(f"Loading {name}", 0, 1))
    codec = load_model(folder / name)
    if codec.latent_size != latent_size:
        raise UserError(f"{name} has {codec.latent_size} components; fetch it again")
    if notebook_mode_for is None:
        return codec
    from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook

    return as_notebook(codec, notebook_mode_for)


def import_files(path: str | Path, preferred: str | Path | None = None) -> list[Path]:
    """Copy a published file, or all in a folder, into the cache.

    Files are known by their content, whatever their names.

    Returns
    -------
    list of Path
        The copies.

    Raises
    ------
    UserError
        There is no published file at `path`, or the cache cannot be written.
    """
    return _files(preferred).take(path, (".pt", ".csv"))
