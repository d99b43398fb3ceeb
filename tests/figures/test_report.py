"""The report: complete in itself, valid, safe, and its numbers are those of the result."""

import re
from dataclasses import replace

import html5lib
import numpy as np
import pytest

from data import real_expression
from napari_compressed_transcriptomics.core.regions import Regions
from napari_compressed_transcriptomics.core.synthetic import synthetic_regions
from napari_compressed_transcriptomics.figures.report.page import page_of, report_of
from napari_compressed_transcriptomics.figures.report.text import digits, flat
from napari_compressed_transcriptomics.reconstruction import results
from napari_compressed_transcriptomics.reconstruction.results import results_of
from phantom import make_phantom
from small import compressed


def parsed(html):
    """Parse as a validator does: the first fault raises."""
    return html5lib.HTMLParser(strict=True, namespaceHTMLElements=False).parse(html)


def text_of(element):
    return " ".join("".join(element.itertext()).split())


def table(page, caption):
    (found,) = [t for t in page.iter("table") if text_of(t.find("caption")) == caption]
    rows = [[text_of(cell) for cell in row] for row in found.find("tbody").iter("tr")]
    headers = (
        [text_of(cell) for cell in found.find("thead").iter("th")]
        if found.find("thead") is not None
        else []
    )
    return headers, rows


pytestmark = pytest.mark.usefixtures("small_pictures")


@pytest.fixture(scope="module")
def region_table(brain):
    return synthetic_regions(brain, 20)


@pytest.fixture(scope="module")
def voxels(brain):
    return compressed(brain, 3)


@pytest.fixture(scope="module")
def page_and_html(voxels):
    html = report_of(voxels, {"seed": 0, "device": "auto"})
    return parsed(html), html


def test_it_is_valid_and_complete_in_itself(page_and_html):
    page, html = page_and_html
    assert html.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert not list(page.iter("script"))
    assert not list(page.iter("link"))
    for element in page.iter():
        for name, value in element.attrib.items():
            name = name[1] if isinstance(name, tuple) else name.split("}")[-1]
            if name in ("href", "src") and "xmlns" not in name:
                assert value.startswith(("#", "data:image/png;base64,")), value[:50]
    assert "@import" not in html
    assert not re.search(r"url\((?!#)", html)


def test_ids_are_unique_and_links_lead_somewhere(page_and_html):
    page, html = page_and_html
    ids = [element.attrib["id"] for element in page.iter() if "id" in element.attrib]
    assert len(ids) == len(set(ids))
    targets = re.findall(r'href="#([^"]+)"', html) + re.findall(r"url\(#([^)]+)\)", html)
    assert targets
    assert set(targets) <= set(ids)


def test_those_who_do_not_see_are_told(page_and_html):
    page, _ = page_and_html
    pictures = [e for e in page.iter() if str(e.tag).endswith("svg")]
    assert len(pictures) == 4 + 3  # slices, views, density, histogram; three components
    for picture in pictures:
        assert picture.attrib["role"] == "img"
        assert len(picture.attrib["aria-label"]) > 30
    assert len(list(page.iter("h1"))) == 1
    for found in page.iter("table"):
        assert found.find("caption") is not None
        assert all(cell.attrib.get("scope") in ("row", "col") for cell in found.iter("th"))


def test_text_of_figures_follows_the_page(page_and_html):
    _, html = page_and_html
    assert "currentColor" in html
    assert "#010203" not in html
    assert "DejaVu" not in html
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html


def test_numbers_are_those_of_the_result(page_and_html, voxels):
    page, _ = page_and_html
    words = text_of(page)
    assert f"RMSE{voxels.rmse:.4g}" in words.replace(" ", "")
    headers, rows = table(page, "Genes with the largest errors")
    assert headers == ["gene", "RMSE", "R²"]
    order = np.argsort(-voxels.rmse_genes)
    genes = voxels.expression.genes
    for row, i in zip(rows, order, strict=False):
        assert row == [genes[i], digits(voxels.rmse_genes[i]), f"{voxels.r2_genes[i]:.3f}"]
    _, best = table(page, "Genes with the smallest errors")
    assert [row[0] for row in best] == [genes[i] for i in order[::-1][: len(best)]]

    headers, rows = table(page, "Samples with the largest errors")
    worst = int(voxels.rmse_samples.argmax())
    place = ", ".join(f"{v:.0f}" for v in voxels.expression.parcellation.centroids[worst])
    assert headers == ["sample", "RMSE", "R²", "x, y, z in mm"]
    assert rows[0][0] == voxels.expression.samples[worst]
    assert rows[0][3] == place
    assert "The codec was fitted to these very data" in words
    assert "Errors by region are missing" in words
    _, parameters = table(page, "Parameters")
    assert parameters == [["seed", "0"], ["device", "auto"]]
    _, versions = table(page, "Versions")
    assert "torch" in dict(versions)
    assert "Model card: pca, 3 components" in words
    assert f"Over {voxels.expression.n_samples} samples" in words


def test_regions_of_voxels_are_told_where_they_are_known(voxels):
    side = voxels.expression.parcellation.centroids[:, 0] > 0
    regions = Regions(np.array([1, 2]), ("left half", "right half"), side.astype(int))
    page = parsed(report_of(voxels, regions=regions))
    assert "Errors by region are missing" not in text_of(page)
    headers, worst = table(page, "Regions with the largest errors")
    assert headers == ["region", "RMSE", "samples"]
    expected = {
        name: np.sqrt(np.mean(voxels.rmse_samples[part] ** 2))
        for name, part in (("left half", ~side), ("right half", side))
    }
    ((name, rmse, count),) = worst
    assert name == max(expected, key=expected.get)
    assert rmse == digits(expected[name])
    assert count == f"{(side if name == 'right half' else ~side).sum():,}"


def test_rows_of_a_region_table_are_regions(region_table):
    page = parsed(report_of(compressed(region_table)))
    assert table(page, "Regions with the largest errors")[0][0] == "region"
    assert "missing" not in text_of(page)


HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x>',
    "$\\frac$ $x$",
    "a\x00\x1b\ufffeb",
    "&amp;",
)


def test_hostile_names_stay_text(region_table):
    """Markup, formulas and control characters in the names of genes, regions and data."""
    expression = replace(
        region_table,
        genes=(*HOSTILE, *region_table.genes[5:]),
        samples=(*HOSTILE, *region_table.samples[5:]),
        name=HOSTILE[0],
        notes=(HOSTILE[1],),
    )
    result = compressed(expression)
    worst = np.zeros(expression.n_genes)
    worst[:5] = 9
    rmse = np.array(result.rmse_samples)
    rmse[:5] = 9
    result = replace(result, rmse_genes=result.rmse_genes + worst, rmse_samples=rmse)
    html = report_of(result, {"<b>": HOSTILE[0]})
    page = parsed(html)
    assert not list(page.iter("script"))
    assert not list(page.iter("img"))
    for caption in ("Genes with the largest errors", "Regions with the largest errors"):
        names = {row[0] for row in table(page, caption)[1]}
        assert {HOSTILE[0], HOSTILE[1], HOSTILE[2], "&amp;", "a\ufffd\ufffd\ufffdb"} <= names
    figure_words = " ".join(text_of(e) for e in page.iter() if str(e.tag).endswith("svg"))
    assert "\\frac$" in figure_words  # in the plot of regions, as it is


def test_what_older_results_lack_is_said(voxels):
    complete = results_of(voxels)
    record = {key: complete.record[key] for key in ("n_samples", "n_genes", "latent_size")}
    older = replace(complete, record=record, samples=None, density=None, regions=None)
    page = parsed(page_of(older))
    words = text_of(page)
    for what in ("density of original", "table of samples", "model card and the Methods"):
        assert f"{what} " in words
    assert words.count("written by an older version") == 3
    assert "Not recorded in this folder" in words


def test_only_the_first_components_are_drawn(monkeypatch):
    monkeypatch.setattr(results, "MAX_COMPONENTS", 1)
    page = parsed(report_of(compressed(make_phantom())))
    assert "The first 1 of 2 components are shown" in text_of(page)


def test_filled_genes_and_constants_have_a_dash():
    assert digits(np.nan) == "\N{EN DASH}"
    assert digits(0.045) == "0.04500"
    assert digits(12345.6) == "1.235e+04"
    assert list(flat({"a": {"b_c": True, "d": None}, "e": [1, 2], "f": 0.5})) == [
        ("a b c", "yes"),
        ("e", "1, 2"),
        ("f", "0.5"),
    ]


def test_real_data():
    expression = real_expression("ahba_dk82")
    page = parsed(report_of(compressed(expression)))
    words = text_of(page)
    assert f"{expression.n_genes:,} genes" in words
    assert len(table(page, "Regions with the largest errors")[1]) == 12
