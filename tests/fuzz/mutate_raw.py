"""Changes of bytes, whatever they mean."""

from collections.abc import Callable
from pathlib import Path
from random import Random

from .change import NOTHING, Change, Mutator


def damaged(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Flip bits, cut, zero, delete, insert, repeat, append or set bytes; say what was done."""
    return rng.choice((*[_flip] * 3, _cut, _zero, _delete, _insert, _repeat, _append, _set))(
        data, rng
    )


def slipped(data: bytes, rng: Random) -> tuple[bytes, str]:
    """Do what touches one place only: a few bits, or a few bytes."""
    return rng.choice((_flip, _set, _delete_few, _insert_few))(data, rng)


def of_bytes(
    unseen: frozenset[str] = NOTHING,
    renames: bool = False,
    how: Callable[[bytes, Random], tuple[bytes, str]] = damaged,
) -> Mutator:
    """Return what changes the bytes of a file, of which a reader may not see so much."""

    def mutate(path: Path, rng: Random) -> Change:
        changed, said = how(path.read_bytes(), rng)
        path.write_bytes(changed)
        return Change(f"bytes: {said}", unseen, renames=renames)

    return mutate


def _flip(data: bytes, rng: Random) -> tuple[bytes, str]:
    changed, at = bytearray(data), rng.randrange(len(data))
    changed[at] ^= 1 << rng.randrange(8)
    return bytes(changed), f"a bit of byte {at} flipped"


def _set(data: bytes, rng: Random) -> tuple[bytes, str]:
    changed, at = bytearray(data), rng.randrange(len(data))
    changed[at] = rng.choice((0, 255, 0x7F, 0x80, 0x20, 0x22, 0x0A))
    return bytes(changed), f"byte {at} set to {changed[at]}"


def _cut(data: bytes, rng: Random) -> tuple[bytes, str]:
    at = rng.randrange(len(data))
    return data[:at], f"cut to {at} of {len(data)} bytes"


def _zero(data: bytes, rng: Random) -> tuple[bytes, str]:
    at, n = rng.randrange(len(data)), rng.choice((1, 4, 16, 512))
    return data[:at] + bytes(len(data[at : at + n])) + data[at + n :], f"{n} zeroed at {at}"


def _delete(data: bytes, rng: Random, n: int = 100) -> tuple[bytes, str]:
    at = rng.randrange(len(data))
    return data[:at] + data[at + n :], f"{n} deleted at {at}"


def _delete_few(data: bytes, rng: Random) -> tuple[bytes, str]:
    return _delete(data, rng, rng.choice((1, 2, 4)))


def _insert(data: bytes, rng: Random, n: int = 100) -> tuple[bytes, str]:
    at = rng.randrange(len(data))
    return data[:at] + rng.randbytes(n) + data[at:], f"{n} inserted at {at}"


def _insert_few(data: bytes, rng: Random) -> tuple[bytes, str]:
    return _insert(data, rng, rng.choice((1, 2, 4)))


def _repeat(data: bytes, rng: Random) -> tuple[bytes, str]:
    at, n = rng.randrange(len(data)), rng.choice((1, 8, 64))
    return data[: at + n] + data[at:], f"{n} repeated at {at}"


def _append(data: bytes, rng: Random) -> tuple[bytes, str]:
    n = rng.choice((1, 4, 100, 5000))
    more = bytes(n) if rng.random() < 0.5 else rng.randbytes(n)
    return data + more, f"{n} appended"
