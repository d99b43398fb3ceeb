"""The same quantity has the same limits, until that is switched off."""

import numpy as np
import pytest

from clicking import press
from napari_compressed_transcriptomics.core.display_range import symmetric_range
from napari_compressed_transcriptomics.viewer import layers
from napari_compressed_transcriptomics.viewer.adding import add_expression
from napari_compressed_transcriptomics.viewer.brain_view import attach
from napari_compressed_transcriptomics.viewer.cells.shared_contrast import common_limits
from napari_compressed_transcriptomics.widgets.brain_view import BrainView
from small import compressed
from viewing import add


@pytest.fixture(scope="module")
def results(brain):
    return compressed(brain, 2), compressed(brain, 8)


def test_errors_of_all_results_begin_at_0_and_end_together(results, model, qtbot):
    view = attach(model)
    errors = [add(model, layers.error_layer(result)) for result in results]
    ends = [float(np.percentile(result.rmse_samples, 99)) for result in results]
    assert ends[1] < 0.8 * ends[0]
    for error in errors:
        assert tuple(error.contrast_limits) == pytest.approx((0, max(ends)))

    dock = BrainView(model)
    qtbot.addWidget(dock)
    dock.show()
    assert dock.same_scale.isChecked()
    press(dock.same_scale)
    assert [error.contrast_limits[1] for error in errors] == pytest.approx(ends)
    press(dock.same_scale)
    assert view.same_scale.on
    assert [error.contrast_limits[1] for error in errors] == pytest.approx([max(ends)] * 2)

    errors[1].contrast_limits = (0, 0.5)  # by hand
    assert tuple(errors[0].contrast_limits) == (0, 0.5)
    model.layers.remove(errors[0])
    assert not any(layer.name == "rmse" for layer in model.layers)


def test_latents_of_one_method_share_each_component_s_limits(results, model):
    attach(model)
    stacks = [add(model, layers.latent_layers(result)[0]) for result in results]
    for component in (1, 2, 1):
        model.dims.set_point(0, component)
        one, other = (stack.contrast_limits for stack in stacks)
        assert one == other
        assert sum(one) == pytest.approx(0, abs=1e-3 * one[1])


def test_a_gene_and_its_reconstructions_have_the_gene_s_limits(results, model):
    attach(model)
    expression = add_expression(model, results[0].expression)
    gene = results[0].expression.genes[0]
    shown = [add(model, layers.gene_layer(result, gene)) for result in results]
    values = results[0].expression.values[:, 0]
    expected = pytest.approx(tuple(np.percentile(values, (1, 99))), rel=1e-5)
    for layer in (expression, *shown):
        assert tuple(layer.contrast_limits) == expected
    layers.show_gene(expression, results[0].expression.genes[1])
    assert tuple(shown[0].contrast_limits) == expected


def test_common_limits_are_none_where_middles_differ():
    assert common_limits([(-1, 1), (-3, 3)], signed=True) == (-3, 3)
    assert common_limits([(-1, 1), (4, 6)], signed=True) is None
    assert common_limits([(0, 1), (0, 3)]) == (0, 3)


def test_a_part_far_from_the_rest_does_not_set_the_limits():
    rng = np.random.default_rng(0)
    values = rng.normal(size=10_000)
    _, normal = symmetric_range(values, 0.0)
    assert normal == pytest.approx(2.576, rel=0.03)
    values[:1000] += 12  # as the cerebellum is, with a tenth of the voxels
    _, reach = symmetric_range(values, 0.0)
    assert reach < 1.3 * normal
