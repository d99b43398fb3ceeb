"""Expression as it is distributed: one 3-D NIfTI per gene, in a folder, in zips, or as a list."""
