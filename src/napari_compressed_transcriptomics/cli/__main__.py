"""``python -m napari_compressed_transcriptomics.cli``."""

from .command_line import main

raise SystemExit(main())
