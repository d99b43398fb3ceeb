"""Something else in the place of a file."""

import os
from pathlib import Path
from random import Random

from .change import PLACES, Change

_LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n"


def _folder(path: Path, rng: Random) -> Change:
    path.unlink()
    path.mkdir()
    return Change("a folder")


def _link_to_itself(path: Path, rng: Random) -> Change:
    return _linked(path, path.name)


def _link_to_nowhere(path: Path, rng: Random) -> Change:
    return _linked(path, "nowhere")


def _endless(path: Path, rng: Random) -> Change:
    return _linked(path, "/dev/zero")


def _pipe(path: Path, rng: Random) -> Change:
    if not hasattr(os, "mkfifo"):
        return _folder(path, rng)
    path.unlink()
    os.mkfifo(path)
    return Change("a named pipe")


def _empty(path: Path, rng: Random) -> Change:
    path.write_bytes(b"")
    return Change("empty")


def _pointer(path: Path, rng: Random) -> Change:
    path.write_bytes(_LFS)
    return Change("a git-LFS pointer")


def _noise(path: Path, rng: Random) -> Change:
    n = rng.choice((1, 7, 8, 100, 348, 1000))
    path.write_bytes(rng.randbytes(n))
    return Change(f"{n} random bytes")


def _missing(path: Path, rng: Random) -> Change:
    path.unlink()
    return Change("no file", PLACES | {"name"})  # regions without a label table have their ids


def _linked(path: Path, target: str) -> Change:
    path.unlink()
    try:
        path.symlink_to(target)
    except OSError:  # Windows without the right to make links
        path.mkdir()
    return Change(f"a link to {target}")


MUTATORS = (
    _folder,
    _link_to_itself,
    _link_to_nowhere,
    _endless,
    _pipe,
    _empty,
    _pointer,
    _noise,
    _missing,
)
