"""Side-by-side measurements, as ratios within one run; see ``python -m benchmarks --help``."""

import os

# Before torch is loaded: threads that wait by spinning slow all sides down on a busy machine.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
