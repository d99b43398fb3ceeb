"""Fetch a file whose content is known in advance: resumed, tried again, verified.

On urllib alone: pooch knows no git blob ids and starts again from the first byte after every
fault, and its progress cannot be cancelled.
"""

import os
import ssl
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path

from napari_compressed_transcriptomics.core.progress import Progress, Report, silent
from napari_compressed_transcriptomics.core.provenance import git_blob_id

from .files import looks_like

CHUNK = 2**18
MAX_BYTES = 100 * 2**20  # what GitHub allows a file
TIMEOUT = 15.0
PAUSES = (0.5, 1.0, 2.0, 4.0)  # seconds before each further try
SECONDS_BETWEEN_REPORTS = 0.1


class DownloadError(Exception):
    """Why a file could not be fetched, in a few words; `again` where a new try may help."""

    def __init__(self, reason: str, again: bool = False) -> None:
        super().__init__(reason)
        self.again = again


def fetch(url: str, path: Path, blob_id: str, report: Report = silent) -> None:
    """Fetch a file.

    Bytes go to ``.NAME.part`` beside `path`, which only a complete and verified file replaces.
    Cancelling or a cut connection leaves that part, and the next call goes on from there if
    the server can. Of several programs (or threads) that fetch the same file, one does and
    the others wait for it.

    Parameters
    ----------
    url : str
    path : Path
        In a folder that can be written.
    blob_id : str
        Git blob id of the right content.
    report : callable, optional
        Called with each `Progress`, in MB; may raise `Cancelled`.

    Raises
    ------
    DownloadError
        The server cannot be reached, refuses, or twice gives something else; or the
        connection was cut too often. Then `path` is as it was.
    OSError
        The file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    with _locked(path, report):
        if path.is_file() and git_blob_id(path) == blob_id:  # another program has fetched it
            return
        wrong = 0
        for pause in (*PAUSES, None):
            try:
                _receive(url, part, path.name, report)
                if git_blob_id(part) == blob_id:
                    os.replace(part, path)
                    return
                with part.open("rb") as file:
                    what = looks_like(file.read(64))
                part.unlink()
                wrong += 1
                what = "other content" if what in ("text", "of unknown content") else what
                raise DownloadError(
                    f"{_host(url)} gave {what} instead of the file", again=wrong < 2
                )
            except DownloadError as error:
                if pause is None or not error.again:
                    raise
                message = f"{error}; trying again"
            until = time.monotonic() + pause
            while time.monotonic() < until:
                report(Progress(f"Waiting to fetch {path.name}", 0, 1, message))
                message = ""
                time.sleep(min(SECONDS_BETWEEN_REPORTS, pause))


def _locked(path: Path, report: Report) -> AbstractContextManager[object]:
    """Wait for the lock that belongs to `path`; leaving what is returned releases it."""
    from filelock import FileLock, Timeout

    lock = FileLock(path.with_name(f".{path.name}.lock"))
    while True:
        try:
            return lock.acquire(blocking=False)
        except Timeout:
            report(Progress(f"Waiting for another program to fetch {path.name}", 0, 1))
            time.sleep(SECONDS_BETWEEN_REPORTS)


def _receive(url: str, part: Path, name: str, report: Report) -> None:
    """Append to `part` what it lacks, or write it from the start where the server gives all."""
    from urllib.error import HTTPError
    from urllib.request import Request, urlopen

    have = part.stat().st_size if part.exists() else 0
    request = Request(url, headers={"Range": f"bytes={have}-"} if have else {})
    try:
        response = urlopen(request, timeout=TIMEOUT, context=_certificates())
    except HTTPError as error:
        error.close()
        if error.code == 416 and have:
            return  # nothing comes after what is here: it is the whole file, or another
        again = error.code in (408, 429) or error.code >= 500
        raise DownloadError(f"{_host(url)} gave HTTP {error.code} {error.reason}", again) from None
    except (OSError, HTTPException, ValueError) as error:
        # without a connection there is no use in trying long, but after a first part there is
        reason = f"{_host(url)} cannot be reached ({_reason(error)})"
        raise DownloadError(reason, again=have > 0) from None
    with response:
        if response.status != 206:
            have = 0
        length = response.headers.get("Content-Length", "")
        known = length.isascii() and length.isdecimal() and len(length) < 20
        total = have + int(length) if known else None
        if (total or 0) > MAX_BYTES:
            raise DownloadError(f"{_host(url)} sends {total:,} bytes, too many for the file")
        reported = 0.0
        with part.open("ab" if have else "wb") as file:
            while True:
                with _cuts_reported(url):
                    chunk = response.read1(CHUNK)
                if not chunk:
                    break
                file.write(chunk)
                have += len(chunk)
                if have > MAX_BYTES:
                    raise DownloadError(f"{_host(url)} sends too many bytes for the file")
                if time.monotonic() - reported > SECONDS_BETWEEN_REPORTS:
                    reported = time.monotonic()
                    report(_fetching(name, have, total))
            file.flush()
            os.fsync(file.fileno())
        report(_fetching(name, have, total))
        if total is not None and have < total:
            raise DownloadError(f"{_host(url)} hung up after {have:,} bytes", again=True)


@contextmanager
def _cuts_reported(url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException) as error:
        reason = f"the connection to {_host(url)} broke ({_reason(error)})"
        raise DownloadError(reason, again=True) from None


def _host(url: str) -> str:
    return url.split("//")[-1].split("/")[0]


def _reason(error: Exception) -> str:
    """Return what an exception says, or what is behind urllib's, in a few words."""
    cause = getattr(error, "reason", error)
    return str(getattr(cause, "strerror", None) or cause or type(cause).__name__)


def _certificates() -> ssl.SSLContext:
    """Return the system's certificates with certifi's: python.org's Python for macOS has none."""
    context = ssl.create_default_context()
    with suppress(ImportError):
        import certifi

        context.load_verify_locations(certifi.where())
    return context


def _fetching(name: str, have: int, total: int | None) -> Progress:
    done, expected = (-(-n_bytes // 10**6) for n_bytes in (have, max(have, total or 0)))
    return Progress(f"Fetching {name} (MB)", done, expected)
