"""Movies as files: GIF by Pillow, MP4 by imageio and ffmpeg."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from napari_compressed_transcriptomics.core.errors import UserError

from .atomic import replacing
from .figure_file import check_figure_name

ENDINGS = (".gif", ".mp4")


def check_movie_name(path: str | Path) -> None:
    """Raise a `UserError` unless a movie of that ending can be written."""
    path = Path(path)
    check_figure_name(path, ENDINGS)
    if path.suffix.lower() == ".mp4":
        try:
            import imageio_ffmpeg  # noqa: F401
        except ImportError:
            raise UserError(
                f"{path.name} needs the extra movie; run pip install "
                "'napari-compressed-transcriptomics[movie]', or write a .gif"
            ) from None


def save_movie(frames: Iterable[np.ndarray], path: str | Path, per_second: int) -> None:
    """Write a movie that plays again and again (GIF) or once (MP4).

    Parameters
    ----------
    frames : iterable of ndarray of uint8, shape (height, width, 3)
        Taken one by one; of MP4, height and width must be even.
    path : str or Path
        A file that is there already is replaced once the new one is complete.
    per_second : int

    Raises
    ------
    UserError
        Another ending, a lacking extra, or `path` cannot be written.
    """
    path = Path(path)
    check_movie_name(path)
    with replacing(path) as unfinished:
        if path.suffix.lower() == ".gif":
            _save_gif(iter(frames), unfinished, per_second)
        else:
            _save_mp4(frames, unfinished, per_second)


def _save_gif(frames: Iterator[np.ndarray], path: Path, per_second: int) -> None:
    from PIL import Image

    def picture(frame: np.ndarray) -> Any:
        # One palette each, no dithering: colours stay those of the scale, the file small.
        return Image.fromarray(frame).quantize(
            256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )

    first = next(frames)
    rest = (picture(frame) for frame in frames)
    with open(path, "wb") as file:  # else Pillow leaves it open where the work ends early
        picture(first).save(
            file,
            "GIF",
            save_all=True,
            append_images=rest,
            duration=round(100 / per_second) * 10,  # GIF counts hundredths of a second
            loop=0,
            disposal=1,
        )


def _save_mp4(frames: Iterable[np.ndarray], path: Path, per_second: int) -> None:
    import imageio.v2 as imageio

    movie: Any
    with imageio.get_writer(
        path, format="FFMPEG", fps=per_second, codec="libx264", macro_block_size=2, quality=8
    ) as movie:
        for frame in frames:
            movie.append_data(frame)
