"""Data on vertices: GIFTI, MGH, annot and tables, and the meshes that they belong to."""
