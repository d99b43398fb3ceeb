"""``python -m napari_compressed_transcriptomics.cli``."""

from .main import main

raise SystemExit(main())
