"""Sample data for File > Open Sample: synthetic ones, and real ones, fetched when asked for."""

from dataclasses import replace

from .viewer import layers
from .viewer.adding import prepare_viewer


def brain() -> list[layers.LayerData]:
    """Return the synthetic 8 mm brain: about 3,700 voxels x 512 genes."""
    from .core.synthetic import synthetic_brain

    prepare_viewer()
    return [layers.expression_layer(synthetic_brain())]


def regions() -> list[layers.LayerData]:
    """Return the synthetic brain averaged in regions, and the atlas of these regions."""
    from .core.synthetic import synthetic_brain, synthetic_regions
    from .io import Volume

    prepare_viewer()
    table = synthetic_regions(replace(synthetic_brain(), name="synthetic_regions"))
    atlas = Volume(
        data=table.parcellation.labels,
        affine=table.parcellation.affine,
        kind="labels",
        name="synthetic_regions_atlas",
        background=None,
    )
    data, attributes, kind = layers.volume_layer(atlas)
    return [(data, {**attributes, "visible": False}, kind), layers.expression_layer(table)]


def ahba_dk82() -> list[layers.LayerData]:
    """Open or offer the AHBA table of 82 regions."""
    return _real("ahba_dk82")


def ahba_schaefer100() -> list[layers.LayerData]:
    """Open or offer the AHBA table of 114 regions."""
    return _real("ahba_schaefer100")


def receptor_genes_2mm() -> list[layers.LayerData]:
    """Open or offer receptor genes of the whole brain at 2 mm."""
    return _real("receptor_genes_2mm")


def _real(key: str) -> list[layers.LayerData]:
    """Open a real sample in its dock, which reads it, or shows its terms; without a window read it.

    No layer comes at once where there is a window: reading takes seconds, in which it answers.
    """
    from .io.readers.samples.real import sample
    from .viewer.settings import preferences

    viewer = prepare_viewer()
    if viewer is not None and getattr(viewer, "window", None) is not None:
        from .widgets.real_samples import open_sample

        open_sample(viewer, key)
        return []
    return [layers.expression_layer(sample(key).read(preferences().cache_folder))]
