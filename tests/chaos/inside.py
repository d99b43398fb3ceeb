"""A process that has loaded everything, and forks a child for each command: seconds are saved.

It reads one request a line (JSON) and answers with the child's id, then with how the child ended.
Run by `process.Zygote`.
"""

import atexit
import gc
import importlib
import json
import os
import signal
import sys
import tempfile

_NEEDED = (
    "matplotlib.backends.backend_agg",
    "nibabel",
    "pandas",
    "scipy.ndimage",
    "sklearn.decomposition",
    "torch._dynamo",
    "napari_compressed_transcriptomics.cli",
)


def serve():
    ended = []
    atexit.register(leave, ended)  # the first that is registered is the last that is called
    load()
    print("ready", flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            ended.append(run(request))
            sys.exit(ended[0])
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def leave(ended):
    """End without taking apart all that was loaded, which takes longer than many a command."""
    if ended:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(ended[0])


def load():
    """Import what the commands need."""
    import torch

    for name in _NEEDED:
        importlib.import_module(name)
    torch.set_num_threads(1)
    gc.collect()
    gc.freeze()  # children need not look through it, which copies it


def run(request):
    """Be the command line of a request; return its exit code."""
    from napari_compressed_transcriptomics.cli import command_line
    from napari_compressed_transcriptomics.codecs.models import published
    from napari_compressed_transcriptomics.codecs.training import checkpoints

    os.setsid()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ.update(request["environment"])
    tempfile.tempdir = None
    nothing, said = os.open(os.devnull, os.O_RDWR), os.open(request["said"], os.O_WRONLY)
    for stream, file in enumerate((nothing, said, said)):
        os.dup2(file, stream)
    for name, size in request.get("limits", {}).items():
        import resource

        resource.setrlimit(getattr(resource, name), (size, size))
        sys.dont_write_bytecode = True  # or what is compiled is kept, cut short, for all others
    published.BLOB_IDS.update(request.get("blobs", {}))
    if request.get("often"):
        checkpoints.SECONDS_BETWEEN_SNAPSHOTS = 0  # after each epoch, however fast they are
        checkpoints.TIME_FOR_SNAPSHOTS = float("inf")
    if "before" in request:
        strike_before(**request["before"])
    return command_line.main(request["arguments"])


def strike_before(call, number, sent):
    """Send the own process a signal before the so-manyth call of a function of `os`."""
    real, calls = getattr(os, call), 0

    def counted(*args, **kwargs):
        nonlocal calls
        calls += 1
        if calls == number:
            os.kill(os.getpid(), sent)
        return real(*args, **kwargs)

    setattr(os, call, counted)


if __name__ == "__main__":
    serve()
