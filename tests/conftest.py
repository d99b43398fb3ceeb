"""Settings for all tests."""

import os

# A session's own napari settings must neither change the tests nor be changed by them.
os.environ.setdefault("NAPARI_CONFIG", "")
