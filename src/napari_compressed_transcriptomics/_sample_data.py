"""Sample data for File > Open Sample: synthetic, seeded, needs no network."""

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
