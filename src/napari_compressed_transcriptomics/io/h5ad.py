"""AnnData: expression, where it lies, and what a codec made of it, in one ``.h5ad`` file.

Samples are ``obs``, genes are ``var``, values are ``X``. The place of the samples is
``uns["parcellation"]``: ``labels``, int32 (x, y, z), ``i + 1`` where the i-th of ``samples``
lies; ``affine``, (4, 4) to RAS mm; ``samples``, their names, by which the rows are found again
when they were reordered or filtered; ``sha256`` of these three. Results are
``obsm["X_latent"]``, ``obs["rmse"]``, ``obs["r2"]``, ``var["rmse"]``, ``var["r2"]``, and
``obs["held_out_rmse"]``, ``var["held_out_rmse"]`` where that was measured; ``uns["provenance"]`` is
JSON text.
"""

from .h5ad_read import read_h5ad
from .h5ad_write import write_h5ad

__all__ = ["read_h5ad", "write_h5ad"]
