"""Commands as processes that can be struck, and what they leave behind."""

import json
import os
import signal
import subprocess
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MARK = "CHAOS_CASE"
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "MPLBACKEND": "agg"}
_LONGEST = 600


@dataclass
class Ended:
    """How a command ended."""

    code: int
    """Exit code; below 0 the signal that killed it."""
    said: str
    """On standard output and error."""
    seconds: float
    orphans: list[str]
    """Command lines of processes of it that were there some seconds after its end."""


class Zygote:
    """Runs commands in children of a process that has loaded everything (see `inside`)."""

    def __init__(self):
        command = [sys.executable, str(Path(__file__).with_name("inside.py"))]
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **_ENVIRONMENT},
        )
        assert self._answer() == "ready"

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def run(self, arguments, folder, temporary, strike=None, **request):
        """Run a command.

        Parameters
        ----------
        arguments : list of str
        folder : Path
            For what it says.
        temporary : Path
            Its folder for temporary files.
        strike : (float, int), optional
            After how many seconds to send which signal.
        **request
            See `inside.run`.
        """
        mark, said = uuid.uuid4().hex, folder / "said"
        said.write_bytes(b"")
        environment = {
            **_ENVIRONMENT,
            **request.pop("environment", {}),
            "TMPDIR": str(temporary),
            _MARK: mark,
        }
        request |= {"arguments": arguments, "environment": environment, "said": str(said)}
        began = time.monotonic()
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        child = int(self._answer())
        if strike is not None:
            seconds, sent = strike
            time.sleep(seconds)
            with suppress(ProcessLookupError):
                os.kill(child, sent)
        code = int(self._answer())
        seconds = time.monotonic() - began
        return Ended(code, said.read_text(errors="replace"), seconds, orphans(mark, child))

    def _answer(self):
        return self._process.stdout.readline().strip()


def run_alone(arguments, folder, temporary, strike=None, **how):
    """Run a command as a process of its own, from its very start.

    Parameters
    ----------
    arguments, folder, temporary, strike
        As in `Zygote.run`.
    **how
        ``limits``, dict of str to int; ``environment``, dict; ``stdout``, "closed", "full" or
        "left" (somebody reads none of it and goes).
    """
    mark, said = uuid.uuid4().hex, folder / "said"
    limits, output = how.get("limits", {}), how.get("stdout")

    def prepare():
        import resource

        signal.signal(signal.SIGINT, signal.default_int_handler)
        for name, size in limits.items():
            resource.setrlimit(getattr(resource, name), (size, size))
        if output == "closed":
            os.close(1)

    environment = {**os.environ, **_ENVIRONMENT, **how.get("environment", {})}
    environment |= {"TMPDIR": str(temporary), _MARK: mark}
    if limits:  # or what Python compiles is kept, cut short, for all others
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
    command = [sys.executable, "-m", "napari_compressed_transcriptomics.cli", *arguments]
    began = time.monotonic()
    with said.open("w") as errors, open("/dev/full" if output == "full" else said, "a") as usual:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if output == "left" else usual,
            stderr=errors,
            env=environment,
            start_new_session=True,
            preexec_fn=prepare,
        )
        if process.stdout is not None:
            process.stdout.close()
        if strike is not None:
            with suppress(subprocess.TimeoutExpired):
                process.wait(strike[0])
            process.send_signal(strike[1])
        code = process.wait(_LONGEST)
    seconds = time.monotonic() - began
    return Ended(code, said.read_text(errors="replace"), seconds, orphans(mark, process.pid))


def orphans(mark, ended, patience=5):
    """Return command lines of processes with our mark, but for `ended`, that do not end soon.

    They are killed then.
    """
    until = time.monotonic() + patience
    while (left := _marked(mark, ended)) and time.monotonic() < until:
        time.sleep(0.1)
    for process in left:
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    return list(left.values())


def _marked(mark, but):
    found, mark = {}, f"{_MARK}={mark}".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            if int(folder.name) != but and mark in (folder / "environ").read_bytes():
                line = (folder / "cmdline").read_bytes().replace(b"\0", b" ")
                found[int(folder.name)] = line.decode(errors="replace")[:120]
    return found
