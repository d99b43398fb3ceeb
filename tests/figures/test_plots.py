"""What the plots of the overall picture show, read back from the figures."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm, to_rgb
from matplotlib.figure import Figure

from napari_compressed_transcriptomics.figures import plots
from napari_compressed_transcriptomics.reconstruction.joint_histogram import JointHistogram


@pytest.fixture
def density():
    counts = np.zeros((4, 4), int)
    counts[1, 2], counts[3, 3] = 7, 1000  # original in bin 1, reconstructed in bin 2
    return JointHistogram(counts, np.linspace(0.2, 0.6, 5), n_drawn=30, n_samples=100)


def texts(figure):
    return "\n".join(text.get_text() for text in figure.findobj(lambda a: hasattr(a, "get_text")))


def luminance(color):
    return np.dot(to_rgb(color[:3]), (0.2126, 0.7152, 0.0722))


def test_density_has_the_original_across_and_the_reconstruction_up(density):
    figure = plots.density_plot(density, 0.01234)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "original expression"
    assert axes.get_ylabel() == "reconstructed expression"
    (image,) = axes.images
    assert image.origin == "lower"
    assert image.get_extent() == pytest.approx([0.2, 0.6, 0.2, 0.6])
    shown = image.get_array()
    assert shown[2, 1] == 7  # rows of an image are y
    assert shown.mask.sum() == 14  # cells without values are seen through
    assert isinstance(image.norm, LogNorm)
    (identity,) = axes.lines
    np.testing.assert_array_equal(identity.get_xdata(), identity.get_ydata())


def test_density_tells_the_rmse_and_that_it_is_a_sample(density):
    said = texts(plots.density_plot(density, 0.01234))
    assert "RMSE 0.0123" in said
    assert "30 of 100 samples, drawn at random" in said
    whole = JointHistogram(density.counts, density.edges, 100, 100)
    assert "all 1,007 values" in texts(plots.density_plot(whole, 0.01234))


@pytest.mark.parametrize(("foreground", "background"), [("#f0f1f2", "#262930"), ("k", "w")])
def test_where_values_are_many_the_density_stands_out_most(foreground, background, density):
    (image,) = plots.density_plot(density, 0.1, foreground=foreground).axes[0].images
    few, many = (abs(luminance(image.cmap(v)) - luminance(to_rgb(background))) for v in (0.0, 1.0))
    assert many > few > 0.05


def test_histogram_marks_median_and_95th_percentile():
    errors = np.random.default_rng(0).gamma(4, 0.01, 900)
    figure = plots.error_histogram(np.r_[errors, np.nan])
    (axes,) = figure.axes
    assert sum(bar.get_height() for bar in axes.patches) == 900
    marked = [line.get_xdata()[0] for line in axes.lines]
    assert marked == pytest.approx([np.median(errors), np.percentile(errors, 95)])
    for value in marked:
        assert f"{value:.4f}" in texts(figure)


def test_histogram_of_equal_errors_and_of_none_at_all():
    plots.error_histogram(np.zeros(5)).draw_without_rendering()
    plots.error_histogram(np.array([np.nan])).draw_without_rendering()


def test_regions_stand_worst_on_top():
    names, values = ["low", "top", "none", "mid"], np.array([0.1, 0.4, np.nan, 0.2])
    figure = plots.region_dots(names, values, np.array([5, 1200, 0, 7]), overall=0.3)
    (axes,) = figure.axes
    assert [t.get_text() for t in axes.get_yticklabels()] == ["top (1,200)", "mid (7)", "low (5)"]
    bottom, top = axes.get_ylim()
    assert bottom > top  # y = 0 is on top
    line, dots = axes.lines
    assert line.get_xdata()[0] == 0.3
    np.testing.assert_array_equal(dots.get_xdata(), [0.4, 0.2, 0.1])
    np.testing.assert_array_equal(dots.get_ydata(), [0, 1, 2])
    assert "3 regions" in texts(figure)


def test_regions_left_out_are_the_best_and_are_told_of():
    values = np.random.default_rng(0).permutation(200) / 1000
    figure = plots.region_dots([f"region {i}" for i in range(200)], values, most=30)
    assert "worst 30 of 200 regions" in texts(figure)
    dots = figure.axes[0].lines[0]
    np.testing.assert_allclose(dots.get_xdata(), np.arange(199, 169, -1) / 1000)


@pytest.mark.parametrize("n", [1, 5, 200])
def test_names_of_regions_never_touch(n):
    names = [f"17Networks_LH_DefaultA_pCunPCC_{i}" for i in range(n)]
    figure = plots.region_dots(names, np.linspace(0.02, 0.05, n), np.full(n, 1000))
    figure.draw_without_rendering()
    boxes = [label.get_window_extent() for label in figure.axes[0].get_yticklabels()]
    edges = sorted((box.y0, box.y1) for box in boxes)
    assert all(above[0] > below[1] for below, above in pairwise(edges))
    assert min(box.x0 for box in boxes) >= 0
    assert figure.axes[0].get_window_extent().width > 0.4 * figure.bbox.width


def test_long_names_lose_their_middle_only():
    assert plots.shortened("hippocampus") == "hippocampus"
    assert plots.shortened("17Networks_LH_DefaultA_pCunPCC_12") == "LH_DefaultA_pCunPCC_12"
    short = plots.shortened("17Networks_LH_DefaultA_pCunPCC_12", 20)
    assert len(short) == 20
    assert short.startswith("LH_Default")
    assert short.endswith("CunPCC_12")


def test_plots_need_no_pyplot():
    code = f"""
import sys, numpy as np
from {plots.__name__} import error_histogram, region_dots, training_curve
for figure in (
    error_histogram(np.arange(9.0)),
    region_dots(["a", "b"], np.arange(2.0)),
    training_curve([2, 1], [3, 2]),
):
    figure.draw_without_rendering()
assert "matplotlib.pyplot" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("most", "labels"),
    [
        (1, "1"),
        (7, "1 2 5"),
        (60, "1 2 5 10 20 50"),
        (400, "1 10 100"),
        (2_500_000, "1 10 100 1,000 10k 100k 1,000k"),
    ],
)
def test_counts_are_labelled_by_their_numbers(most, labels):
    figure = Figure(layout="constrained")
    counted = ScalarMappable(LogNorm(1, max(most, 2)))
    plots.count_colorbar(figure, counted, most, "genes", "black", ax=figure.subplots())
    FigureCanvasAgg(figure).draw()
    axis = figure.axes[1].yaxis
    assert [label.get_text() for label in axis.get_ticklabels()] == labels.split()
    assert not axis.get_ticklabels(minor=True)
