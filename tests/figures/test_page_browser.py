"""The page in a real browser, without network: numbers, sides, keys, and that it asks for nothing.

Skipped where Chromium or Playwright is not installed.
"""

import io
import re
from dataclasses import replace

import nibabel
import numpy as np
import pytest
from numpy.testing import assert_allclose
from PIL import Image

from browser import browser, chromium
from napari_compressed_transcriptomics.core.synthetic import synthetic_regions
from napari_compressed_transcriptomics.figures.page.content import content_of
from napari_compressed_transcriptomics.io.writers.page_file import write_page
from phantom import GRIDS, lone_voxel
from small import compressed

HOSTILE = "</script><img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def opened():
    chromium()
    with browser() as open_page:
        yield open_page


@pytest.fixture(scope="module")
def result(brain):
    genes = (*brain.genes[:-1], HOSTILE)
    return compressed(replace(brain, genes=genes), 3, "residual", max_epochs=5)


@pytest.fixture(scope="module")
def it(opened, result, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "brain.html"
    it = opened(write_page(result, path), viewport={"width": 1200, "height": 800})
    it.ready()
    return it


def shown(it):
    """Values of all samples that are shown, and the words above the brain."""
    it.run("new Promise((resume) => requestAnimationFrame(() => requestAnimationFrame(resume)))")
    return np.array(it.run("[...shown.values]")), it.page.inner_text("#words")


def choose(it, gene):
    it.page.fill("#gene", gene)
    it.page.press("#gene", "Enter")


def test_each_gene_is_that_of_the_result_within_the_rounding_that_is_stated(it, result):
    rounding = content_of(result).rounding
    for gene in (result.expression.genes[0], result.expression.genes[17], HOSTILE):
        choose(it, gene)
        values, words = shown(it)
        assert words == f"{gene}, reconstructed"
        assert np.abs(values - result.gene(gene)).max() <= rounding.largest * 1.01 + 1e-6
        row = result.expression.column(gene)
        assert f"{result.rmse_genes[row]:.4g}" in it.page.inner_text("#facts")
    assert it.page.locator("img").count() == 0


def test_errors_and_components_are_maps_too(it, result):
    it.page.select_option("#map", label="RMSE over all genes")
    values, words = shown(it)
    assert words == "RMSE over all genes"
    assert_allclose(values, result.rmse_samples, rtol=1e-6)
    it.page.select_option("#map", label="Component 2")
    assert_allclose(shown(it)[0], result.latents[:, 1], rtol=1e-3, atol=1e-3)


def test_keys_go_through_the_genes(it, result):
    genes = sorted(result.expression.genes[:-1])
    choose(it, genes[3])
    it.page.press("#gene", "ArrowDown")
    assert shown(it)[1] == f"{genes[4]}, reconstructed"
    it.page.press("#gene", "ArrowUp")
    it.page.press("#gene", "ArrowUp")
    assert shown(it)[1] == f"{genes[2]}, reconstructed"
    it.page.select_option("#order", label="Largest error first")
    worst = np.argsort(-result.rmse_genes)
    choose(it, result.expression.genes[worst[0]])
    it.page.press("#gene", "ArrowDown")
    assert shown(it)[1] == f"{result.expression.genes[worst[1]]}, reconstructed"
    it.page.select_option("#order", label="By symbol")
    it.page.fill("#gene", "no such gene")
    assert it.page.inner_text("#genes") == "No such gene here"
    it.page.press("#gene", "Escape")
    assert it.page.input_value("#gene") == result.expression.genes[worst[1]]


def test_a_click_takes_the_gene_that_was_found(it, result):
    gene = result.expression.genes[12]
    it.page.fill("#gene", gene.lower())
    it.page.locator("#genes li").first.click()
    assert shown(it)[1] == f"{gene}, reconstructed"
    assert it.page.input_value("#gene") == gene
    assert not it.page.is_visible("#genes")


def test_the_crosshair_tells_place_and_value(it, result):
    choose(it, result.expression.genes[5])
    shown(it)
    sample = 40
    place = result.expression.parcellation.centroids[sample]
    for axis, value in zip("xyz", place, strict=True):
        it.page.fill(f"#{axis}", str(value))
        it.page.press(f"#{axis}", "Enter")
    value = shown(it)[0][sample]
    side = "left" if place[0] < 0 else "right"
    told = it.page.evaluate("document.getElementById('place').value").replace("−", "-")
    assert told == f"{side} · {float(f'{value:.4g}'):g}"
    it.page.fill("#x", "999")
    it.page.press("#x", "Enter")
    assert "no data" in it.page.evaluate("document.getElementById('place').value")


def test_a_click_moves_the_crosshair_and_the_wheel_the_slice(it):
    it.page.select_option("#view", label="Axial")
    box = it.page.locator("#canvas").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    it.page.mouse.click(middle[0] - 60, middle[1] - 90)
    x, y, z = it.run("mm")
    assert x < 0
    it.page.mouse.click(middle[0] + 60, middle[1] + 90)
    assert it.run("mm")[0] > 0
    assert it.run("mm")[1] < y
    it.page.mouse.wheel(0, 100)
    shown(it)
    assert it.run("mm")[2] != z
    it.page.select_option("#view", label="All four")


def test_what_is_shown_is_saved_where_it_lies(it, result, tmp_path):
    choose(it, result.expression.genes[9])
    values, _ = shown(it)
    with it.page.expect_download() as download:
        it.page.click("#save")
    path = tmp_path / "map.nii"
    download.value.save_as(path)
    saved = nibabel.load(path)
    data, place = saved.get_fdata(), result.expression.parcellation
    voxels = nibabel.affines.apply_affine(np.linalg.inv(saved.affine), place.centroids)
    assert_allclose(data[tuple(np.rint(voxels).astype(int).T)], values, rtol=1e-6)
    assert np.isfinite(data).sum() == len(values)


def test_it_asks_for_nothing_and_complains_of_nothing(it):
    assert [address for address in it.requests if not address.startswith("data:")] == [
        it.page.url.partition("#")[0]
    ]
    assert it.problems == []
    blocked = it.run("fetch('https://example.org/').then(() => 'sent', () => 'blocked')")
    assert blocked == "blocked"
    assert "Content Security Policy" in " ".join(it.problems)
    it.problems.clear()


def bright(it, view):
    """Where the yellow spot lies in the picture: right of and above the brain's middle, in px."""
    it.page.select_option("#view", label=view)
    shown(it)
    pixels = np.asarray(Image.open(io.BytesIO(it.page.locator("#canvas").screenshot())), int)
    red, green, blue = pixels[..., :3].transpose(2, 0, 1)
    spot = np.argwhere((red > 220) & (green > 200) & (blue < 80))
    brain = np.argwhere((green - red > 40) | (blue - green > 20) | ((red > 220) & (blue < 80)))
    assert len(spot) > 20
    up, right = (spot.mean(0) - (brain.min(0) + brain.max(0)) / 2) * [-1, 1]
    return right, up


@pytest.mark.parametrize("grid", GRIDS)
def test_left_is_left_and_front_is_up(opened, grid, tmp_path):
    """A spot on the left, in front and above, whatever way the voxels run."""
    expression = lone_voxel(np.array([-20.0, 16, 12]), GRIDS[grid])
    values = np.hstack([expression.values, expression.values[::-1]])
    both = replace(expression, values=values, genes=("SPOT", "OTHER"))
    page = opened(
        write_page(compressed(both, 2), tmp_path / "spot.html", gene="SPOT"),
        viewport={"width": 900, "height": 700},
        color_scheme="dark",
    )
    page.ready()
    middle = expression.parcellation.centroids[np.argmax(expression.values[:, 0])]
    page.run(f"goTo({middle.tolist()})")
    for view in ("Axial", "Coronal"):
        right, up = bright(page, view)
        assert right < -20
        assert up > 20
    right, up = bright(page, "Sagittal")  # the front is on the right
    assert right > 20
    assert up > 20
    page.page.check("#radiological")
    assert bright(page, "Axial")[0] > 20
    assert page.problems == []
    page.page.context.close()


def test_regions_are_painted_and_named_in_the_dark_and_on_a_phone(opened, brain, tmp_path):
    regions = synthetic_regions(brain, 20)
    result = compressed(regions, 2)
    page = opened(
        write_page(result, tmp_path / "regions.html"),
        viewport={"width": 390, "height": 800},
        color_scheme="dark",
    )
    page.ready()
    labels = regions.parcellation.labels
    voxel = np.argwhere(labels == 4)[0]
    place = nibabel.affines.apply_affine(regions.parcellation.affine, voxel)
    page.run(f"goTo({place.tolist()})")
    told = page.run("document.getElementById('place').value")
    assert re.search(rf" · {re.escape(regions.samples[3])} · ", told)
    assert page.run("document.documentElement.scrollWidth <= innerWidth")
    painted = np.array(page.run("[...volume.img]"))
    assert np.count_nonzero(painted) == np.count_nonzero(labels)
    assert page.problems == []
    page.page.context.close()


def test_without_webgl_it_says_so(opened, result, tmp_path):
    path = write_page(result, tmp_path / "brain.html")
    page = opened(path, "HTMLCanvasElement.prototype.getContext = () => null;").page
    page.wait_for_selector("#problem:not([hidden])")
    assert "with WebGL 2" in page.inner_text("#problem")
    assert not page.is_visible("#status")
    page.context.close()


def test_an_address_can_name_the_gene(opened, result, tmp_path):
    path = write_page(result, tmp_path / "brain.html")
    gene = result.expression.genes[23]
    page = opened(path)
    page.page.goto(f"{path.as_uri()}#{gene}")
    page.page.reload()
    page.ready()
    assert shown(page)[1] == f"{gene}, reconstructed"
    page.page.context.close()
