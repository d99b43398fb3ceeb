"""The page that decodes: what it holds is the result, rounded as it says, and safe to open."""

import base64
import gzip
import hashlib
import json
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import html5lib
import numpy as np
import pytest
from nibabel.affines import apply_affine
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.codecs.notebook_mode import as_notebook
from napari_compressed_transcriptomics.core.errors import UserError
from napari_compressed_transcriptomics.core.parcellation import Parcellation
from napari_compressed_transcriptomics.core.synthetic import synthetic_regions
from napari_compressed_transcriptomics.figures.page import document, packing
from napari_compressed_transcriptomics.figures.page.content import content_of
from napari_compressed_transcriptomics.figures.page.decoder import decoder_of
from napari_compressed_transcriptomics.figures.page.document import page_html
from napari_compressed_transcriptomics.figures.page.rounding import Rounded, rounding_error
from napari_compressed_transcriptomics.io.writers.page_file import write_page
from napari_compressed_transcriptomics.reconstruction.decoded import decoded
from napari_compressed_transcriptomics.spatial.cortical_surface import fsaverage5
from napari_compressed_transcriptomics.spatial.ribbon import ribbon
from napari_compressed_transcriptomics.spatial.surface_place import (
    SIDES,
    SurfaceParcellation,
    vertex_shape,
)
from phantom import AFFINES, make_phantom
from small import compressed, small_expression

CODECS = ("pca", "nmf", "residual", "autoencoder")
FOLDER = Path(document.__file__).parent


@pytest.fixture(scope="module", params=CODECS)
def result(request):
    return compressed(small_expression(), 3, request.param, max_epochs=20)


def test_the_decoder_is_that_of_the_codec(result):
    decoder = decoder_of(result.codec)
    activations = decoder.activations(result.latents)
    found = decoder.decode(activations, decoder.weight, decoder.bias)
    assert_allclose(found, result.codec.decode(result.latents), atol=1e-5)


@pytest.mark.parametrize("precision", ["float16", "int8"])
def test_rounding_is_what_is_stated_of_it(result, precision):
    decoder = decoder_of(result.codec)
    rounded = Rounded.of(decoder, result.latents, precision)
    assert rounded.weight.dtype == precision
    error = rounding_error(decoder, result.latents, rounded)
    genes = result.expression.genes
    off = [rounded.gene(decoder, i) - result.gene(gene) for i, gene in enumerate(genes)]
    assert error.n_samples == 60
    assert np.abs(off).max() == pytest.approx(error.largest, rel=0.05, abs=1e-6)
    assert np.sqrt(np.mean(np.square(off))) == pytest.approx(error.rms, rel=0.05, abs=1e-6)
    assert error.rms < {"float16": 3e-4, "int8": 4e-3}[precision]  # of values from 0.3 to 0.7


def test_values_of_any_size_survive_float16():
    small = small_expression()
    for factor in (1e-7, 1e7):
        result = compressed(replace(small, values=small.values * np.float32(factor)), 2)
        error = content_of(result).rounding
        assert error.rms < 1e-3 * result.expression.values.std()


def test_large_last_layers_are_int8(monkeypatch):
    from napari_compressed_transcriptomics.figures.page import rounding

    result = compressed(small_expression())
    assert content_of(result).arrays["weight"].dtype == np.float16
    monkeypatch.setattr(rounding, "MOST_FLOAT16", 10)
    content = content_of(result)
    assert content.arrays["weight"].dtype == np.int8
    assert "the last layer as int8" in content.record["rounding"]
    assert f"by {content.rounding.rms:.2g}" in content.record["rounding"]


@pytest.mark.parametrize("affine", AFFINES.values(), ids=AFFINES)
def test_samples_lie_where_they_did(affine):
    """The box around the brain is cut out: every voxel keeps its millimetres."""
    result = compressed(make_phantom(affine))
    content = content_of(result)
    labels = content.arrays["labels"].reshape(content.record["shape"], order="F")
    for face in (labels[0], labels[:, 0], labels[:, :, 0], labels[-1], labels[:, -1]):
        assert not face.any()
    to_mm = np.linalg.inv(np.vstack([content.record["to_voxels"], [0, 0, 0, 1]]))
    for place in (to_mm, _header_affine(content)):
        found = Parcellation(labels.astype(np.int32), place).centroids
        assert_allclose(found, result.expression.parcellation.centroids, atol=1e-4)


def _header_affine(content):
    import nibabel

    data = content.arrays["nifti"].tobytes() + bytes(4 * int(np.prod(content.record["shape"])))
    return nibabel.Nifti1Image.from_bytes(data).affine


def test_regions_have_names(brain):
    regions = synthetic_regions(brain, 20)
    content = content_of(compressed(regions))
    assert content.record["samples"] == list(regions.samples)
    assert content_of(compressed(brain)).record["samples"] is None


def on_cortex(**places):
    """Expression on the vertices of a coarse cortex."""
    coordinates = np.concatenate([fsaverage5()[side].pial[:642] for side in SIDES])
    labels = np.arange(1, 1285, dtype=np.int32).reshape(vertex_shape(1284))
    known = {"coordinates": coordinates, **places}
    place = SurfaceParcellation(labels, np.eye(4), sizes=(642, 642), **known)
    return replace(small_expression(1284, 6), parcellation=place)


def test_vertices_are_the_ribbon_around_them():
    labels, affine = ribbon(on_cortex().parcellation)
    content = content_of(compressed(on_cortex()))
    found = content.arrays["labels"]
    assert np.count_nonzero(found) == np.count_nonzero(labels)
    assert_allclose(np.abs(np.diag(_header_affine(content))), np.diag(affine))
    lost = on_cortex(coordinates=None)
    with pytest.raises(UserError, match="Where the vertices of fsaverage3 lie is not known"):
        content_of(compressed(lost))


def test_it_opens_with_a_typical_gene_or_the_one_asked_for():
    result = compressed(small_expression())
    order = np.argsort(result.r2_genes)
    assert content_of(result).record["first"] == order[len(order) // 2]
    content = content_of(result, "GENE7")
    assert content.record["first"] == 7
    assert_allclose(content.arrays["first"], result.gene("GENE7"), atol=1e-3)
    with pytest.raises(UserError, match="no gene 'NONE'"):
        content_of(result, "NONE")


def test_without_expression_no_error_is_claimed():
    whole = compressed(small_expression())
    expression = whole.expression
    alone = decoded(whole.codec, whole.latents, expression.parcellation, expression.samples)
    content = content_of(alone)
    assert content.record["gene_table"] == []
    assert content.record["n_error_maps"] == 0
    assert len(content.record["maps"]) == 2
    assert "no known error" in content.record["verdict"][1]
    assert "RMSE" not in " ".join(content.record["verdict"]) + content.record["rounding"]
    parsed(page_html(content))


def test_other_decoders_are_refused_in_a_sentence():
    trained = compressed(small_expression(), codec="autoencoder", max_epochs=2)
    codec = as_notebook(trained.codec, trained.expression)
    for result in (
        compressed(small_expression(), codec="kernel-pca"),
        replace(trained, codec=codec),
    ):
        words = f"decoder of {result.codec.id} does not allow; make the page of"
        with pytest.raises(UserError, match=words):
            content_of(result)


def test_it_opens_where_most_of_the_brain_is_seen(brain):
    content = content_of(compressed(brain))
    labels = content.arrays["labels"].reshape(content.record["shape"], order="F") > 0
    at = np.rint(np.asarray(content.record["to_voxels"]) @ [*content.record["start"], 1]).astype(
        int
    )
    for axis, index in enumerate(at):
        planes = np.moveaxis(labels, axis, 0)
        assert planes[index].sum() == max(plane.sum() for plane in planes)


def test_what_browsers_cannot_open_is_refused(monkeypatch):
    monkeypatch.setattr(packing, "MOST_BYTES", 1000)
    with pytest.raises(UserError, match="use fewer components or larger voxels"):
        page_html(content_of(compressed(small_expression())))


def parsed(html):
    """Parse as a validator does: the first fault raises."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)


HOSTILE = ("<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", '"><b>', "<!--")


def test_it_is_complete_asks_for_nothing_and_names_are_text():
    expression = small_expression()
    expression = replace(
        expression, genes=(*HOSTILE, *expression.genes[4:]), name=HOSTILE[0], notes=(HOSTILE[1],)
    )
    result = compressed(expression)
    html = page_html(content_of(result, HOSTILE[1]))
    page = parsed(html)
    scripts = [e.text for e in page.iter("script") if "type" not in e.attrib]
    assert len(scripts) == 3
    policy = page.find(".//meta[@http-equiv]").attrib["content"]
    allowed = re.findall(r"'sha256-([^']+)'", policy)
    texts = [*scripts, page.find(".//style").text]
    assert allowed == [
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts
    ]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy
    assert not [e for e in page.iter() if {"src", "href"} & set(e.attrib)]
    record = json.loads(page.find(".//script[@id='record']").text)
    assert record["genes"][:4] == list(HOSTILE)
    assert not list(page.iter("img"))
    assert page.find(".//h1").text.startswith(HOSTILE[0])


def test_arrays_are_packed_as_they_are():
    content = content_of(compressed(small_expression()))
    places, text = packing.packed(content.arrays)
    data = gzip.decompress(base64.b64decode(text))
    for name, array in content.arrays.items():
        place = places[name]
        found = np.frombuffer(data, array.dtype, array.size, place["at"])
        assert place["at"] % array.itemsize == 0
        assert place["type"] == array.dtype
        assert_array_equal(found.reshape(place["shape"]), array)


def test_niivue_is_the_one_that_was_fetched_and_its_licence_is_kept():
    script = gzip.decompress((FOLDER / "niivue.js.gz").read_bytes())
    assert hashlib.sha256(script).hexdigest() == (
        "47b896b77ec4a5be3ef1949c33ad393b6f45629921f326c279000bcf51bdb4af"
    )
    licence = (FOLDER / "niivue-licence.txt").read_text("utf-8")
    assert "BSD 2-Clause License\n\nCopyright (c) 2021, Niivue" in licence
    packages = re.findall(r'^    "(@?[\w/.-]+@[\d.]+)":', _fetcher().read_text(), re.M)
    assert len(packages) == 9
    assert all(package in licence for package in packages)
    assert licence in unescape(page_html(content_of(compressed(small_expression()))))


def _fetcher():
    return Path(__file__).parents[2] / "scripts" / "niivue.py"


def test_it_is_written_or_nothing_is(tmp_path):
    result = compressed(small_expression())
    seen = []
    path = write_page(result, tmp_path / "brain.html", report=seen.append)
    html = path.read_text("utf-8")
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert seen[-1].done == seen[-1].total
    with pytest.raises(UserError, match="must end in"):
        write_page(result, tmp_path / "brain.txt")
    assert [file.name for file in tmp_path.iterdir()] == ["brain.html"]


def test_points_in_the_phantom_are_found_by_the_page(brain):
    content = content_of(compressed(brain))
    labels = content.arrays["labels"].reshape(content.record["shape"], order="F")
    place = brain.parcellation.centroids[11]
    voxel = np.rint(np.asarray(content.record["to_voxels"]) @ [*place, 1]).astype(int)
    assert labels[tuple(voxel)] == 12
    assert_allclose(apply_affine(np.linalg.inv(_header_affine(content)), place), voxel, atol=1e-3)
