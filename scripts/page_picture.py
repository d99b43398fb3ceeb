"""Make the picture of the page in docs/images: the synthetic brain at 4 mm, in Chromium.

    python scripts/page_picture.py

needs Chromium and Playwright (`pip install playwright`).
"""

import sys
import tempfile
from pathlib import Path

from napari_compressed_transcriptomics import fit_codec, reconstruct, synthetic_brain, write_page

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))
from browser import browser  # noqa: E402


def main() -> None:
    """Fit, write, open, take the picture."""
    brain = synthetic_brain(voxel_mm=4, n_genes=128)
    result = reconstruct(fit_codec("residual", brain, 8, device="cpu"), brain, device="cpu")
    with tempfile.TemporaryDirectory() as folder, browser() as opened:
        path = write_page(result, Path(folder) / "brain.html", gene="SYN0022")
        page = opened(path, viewport={"width": 1280, "height": 860}, color_scheme="light")
        page.ready()
        page.run("goTo([-26, -8, 6])")
        page.page.screenshot(path=ROOT / "docs" / "images" / "page.png")


if __name__ == "__main__":
    main()
