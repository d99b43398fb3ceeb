"""Both paths as their users run them: once, in a process of their own.

Each process makes the data and the network, imports what it needs, and then times one run. The
published path has the environment that it is given; ours sets how idle threads wait, as the
command line does (`OMP_WAIT_POLICY`). The published network computes in float32, as its notebook.
"""

import os
import subprocess
import sys
import time
from statistics import median

from .line import Line

SIDES = ("ours", "published")
POLICY = "OMP_WAIT_POLICY"


def first_run(rounds: int) -> list[Line]:
    """Time the first run of both paths in fresh processes, in turns, 3,670 x 15,633, k = 64."""
    from . import made, published

    name = "times faster than the published path, both in a fresh process, first run"
    if not published.available():
        skipped = "not measured: MONAI is absent (pip install -r benchmarks/requirements.txt)"
        return [Line(name, skipped, "12")]
    seconds: dict[str, list[float]] = {side: [] for side in SIDES}
    for _ in range(rounds):
        for side in SIDES:
            seconds[side].append(_seconds(side))
    pairs = zip(seconds["published"], seconds["ours"], strict=True)
    ratios = sorted(theirs / ours for theirs, ours in pairs)
    value = (
        f"{median(ratios):.1f} (median of {rounds} turns, {ratios[0]:.1f} to {ratios[-1]:.1f}); "
        f"ours {median(seconds['ours']):.2f} s, theirs {median(seconds['published']):.2f} s, "
        f"{made.N_VOXELS_8MM:,} rows"
    )
    return [Line(name, value, "12", median(ratios) >= 12)]


def _seconds(side: str) -> float:
    environment = {key: value for key, value in os.environ.items() if key != POLICY}
    if side == "ours":
        environment[POLICY] = "PASSIVE"
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.first_run", side]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def main() -> None:
    side = sys.argv[1]
    if side == "published":  # the package sets it for all other measures; torch is not loaded yet
        os.environ.pop(POLICY, None)
    from . import made

    if side == "ours":
        from napari_compressed_transcriptomics.reconstruction.reconstruction import reconstruct

        expression, codec = made.make_expression(made.N_VOXELS_8MM), made.make_codec()
        begun = time.perf_counter()
        reconstruct(codec, expression, device="cpu")
    else:
        import monai.data  # noqa: F401
        import numpy as np

        from .published import published_inference

        values = made.make_expression(made.N_VOXELS_8MM).values.astype(np.float64)
        network = made.make_codec().module.train().requires_grad_(True)
        begun = time.perf_counter()
        published_inference(network, values)
    print(time.perf_counter() - begun)


if __name__ == "__main__":
    main()
