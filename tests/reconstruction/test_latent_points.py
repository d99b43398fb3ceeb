"""Points of latent space: what a lasso holds, what colours mean, what is drawn."""

import numpy as np
import pytest

from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.figures.latent_plot import latent_scatter
from napari_compressed_transcriptomics.reconstruction.latent_space import (
    LEVELS,
    Coloring,
    category_colors,
    inside_polygon,
    nearest_point,
    next_point,
)

GRID = np.stack(np.meshgrid(np.arange(5.0), np.arange(5.0), indexing="ij"), -1).reshape(-1, 2)


def test_a_polygon_holds_what_it_goes_around():
    corner = np.array([(1.5, 1.5), (4.5, 1.5), (4.5, 4.5)])  # a triangle: across >= up
    expected = (GRID > 1.5).all(1) & (GRID[:, 0] > GRID[:, 1])
    found = inside_polygon(GRID, corner)
    on_edge = GRID[:, 0] == GRID[:, 1]
    np.testing.assert_array_equal(found[~on_edge], expected[~on_edge])
    assert not inside_polygon(GRID, corner[:2]).any()


def test_a_concave_polygon_leaves_its_bay_out():
    u_shape = [(-0.5, -0.5), (4.5, -0.5), (4.5, 4.5), (2.5, 4.5), (2.5, 0.5), (1.5, 0.5),
               (1.5, 4.5), (-0.5, 4.5)]  # fmt: skip
    bay = (GRID[:, 0] == 2) & (GRID[:, 1] >= 1)
    np.testing.assert_array_equal(inside_polygon(GRID, np.array(u_shape)), ~bay)


def test_the_nearest_point_is_found_only_if_near():
    assert nearest_point(GRID, np.array([2.2, 2.9]), 1) == 2 * 5 + 3
    assert nearest_point(GRID, np.array([9, 9]), 1) is None
    assert nearest_point(np.zeros((0, 2)), np.zeros(2), 1) is None


def test_arrows_go_to_the_neighbour_and_stop_at_the_edge():
    middle = 2 * 5 + 2
    steps = {(1, 0): 3 * 5 + 2, (-1, 0): 1 * 5 + 2, (0, 1): 2 * 5 + 3, (0, -1): 2 * 5 + 1}
    for direction, expected in steps.items():
        assert next_point(GRID, middle, direction) == expected
    assert next_point(GRID, 24, (1, 0)) == 24


def test_groups_hold_each_sample_once_and_high_values_come_last():
    values = np.r_[np.random.default_rng(0).normal(size=500), np.nan, np.nan]
    groups = Coloring("x", values).groups()
    assert sorted(np.concatenate([rows for _, rows in groups])) == list(range(502))
    assert set(groups[0][1]) == {500, 501}  # grey, below all others
    assert [color for color, _ in groups] == sorted({color for color, _ in groups})
    tops = [values[rows].max() for _, rows in groups[1:]]
    assert tops == sorted(tops)
    assert groups[-1][0] == LEVELS - 1


def test_limits_leave_outliers_out_and_bear_constants():
    values = np.r_[np.linspace(0, 1, 1000), 50]
    assert Coloring("x", values).limits[1] == pytest.approx(0.991, abs=0.002)
    assert Coloring("x", np.full(4, 3.0)).limits == (2.5, 3.5)
    assert Coloring("x", np.full(4, np.nan)).limits == (0, 1)


def test_regions_are_categories_and_small_ones_are_drawn_last():
    of_sample = np.array([0, 0, 0, 1, 2, 2, -1])
    regions = Regions(np.array([3, 5, 9]), ("big", "small", "middle"), of_sample)
    coloring = Coloring.by_region("atlas", regions)
    assert [color for color, _ in coloring.groups()] == [-1, 0, 2, 1]
    assert coloring.describe(3) == "small"
    assert coloring.describe(6) == "no value"


def test_twenty_one_categories_differ():
    colors = category_colors(21)
    assert len(np.unique(colors.round(3), axis=0)) == 21
    assert category_colors(100).shape == (100, 3)
    assert colors.min() >= 0
    assert colors.max() <= 1


def drawn(figure):
    """Pixels of the figure that are not background, as sets of places."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def test_points_lie_where_the_axes_say():
    points = np.array([(0.0, 0.0), (1.0, 0.0), (1.0, 2.0)])
    figure = latent_scatter(points, Coloring("atlas", np.arange(3.0), ("a", "b", "c")), (3, 1))
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("component 4", "component 2")
    picture = drawn(figure)
    for point, color in zip(points, category_colors(3), strict=True):
        x, y = axes.transData.transform(point).astype(int)
        found = picture[len(picture) - 1 - y, x, :3]
        np.testing.assert_allclose(found, color * 255, atol=2)


def test_what_is_not_selected_fades():
    points = np.array([(0.0, 0.0), (1.0, 1.0)])
    coloring = Coloring("x", np.array([0.0, 1.0]))
    figure = latent_scatter(points, coloring, selected=np.array([True, False]))
    picture = drawn(figure)
    alpha = []
    for point in points:
        x, y = figure.axes[0].transData.transform(point).astype(int)
        alpha.append(picture[len(picture) - 1 - y, x, 3])
    assert alpha[0] == 255
    assert 0 < alpha[1] < 80


def test_drawing_again_keeps_the_axes_and_leaves_nothing_behind():
    names = tuple(f"region {i}" for i in range(30))
    many = Coloring("atlas", np.arange(30.0), names)
    figure = latent_scatter(GRID[:20], Coloring("x", np.arange(20.0)))
    axes, clean = figure.axes[0], drawn(figure)
    latent_scatter(np.resize(GRID, (30, 2)), many, figure=figure)
    assert any("and 23 more" in text.get_text() for text in figure.texts)
    latent_scatter(GRID[:20], Coloring("x", np.arange(20.0)), figure=figure)
    assert figure.axes == [axes]
    np.testing.assert_array_equal(drawn(figure), clean)
