"""The decoder in JavaScript, run by node: it gives what Python gives, to rounding."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_compressed_transcriptomics.core.display_range import display_range
from napari_compressed_transcriptomics.figures.page import document
from napari_compressed_transcriptomics.figures.page.content import content_of
from napari_compressed_transcriptomics.figures.page.document import page_html
from small import compressed, small_expression

SCRIPT = Path(document.__file__).with_name("decode.js")
OPEN = """
const fs = require("fs"), zlib = require("zlib");
const {
  arraysOf, Decoder, displayRange, found, painted, pixels, rimOf, shades, turned,
} = require(process.argv[1]);
const inside = (html, id) => html.split(`id="${id}">`)[1].split("</script>")[0];
const opened = (path) => {
  const html = fs.readFileSync(path, "utf8"), record = JSON.parse(inside(html, "record"));
  const bytes = zlib.gunzipSync(Buffer.from(inside(html, "arrays"), "base64"));
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length);
  return { record, arrays: arraysOf(buffer, record.places) };
};
const tell = (value) => console.log(JSON.stringify(value));
"""


def node(script: str, *arguments: object):
    """Return what a script tells; skips the calling test where there is no node."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    command = [program, "-e", OPEN + script, str(SCRIPT), *map(str, arguments)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@pytest.mark.parametrize("precision", ["float16", "int8"])
@pytest.mark.parametrize("codec", ["pca", "residual", "autoencoder"])
def test_every_gene_and_component(codec, precision, tmp_path):
    """67 samples, 41 genes and an odd hidden layer: no size fits the blocks of the loops."""
    settings = {"autoencoder": {"hidden_sizes": (9, 7)}, "residual": {"hidden_sizes": (7, 5)}}
    expression = small_expression(67, 41)
    result = compressed(expression, 3, codec, max_epochs=20, **settings.get(codec, {}))
    content = content_of(result, precision=precision)
    path = tmp_path / "page.html"
    path.write_text(page_html(content), "utf-8", newline="\n")
    told = node(
        """
        const { record, arrays } = opened(process.argv[2]), decoder = new Decoder(record, arrays);
        const parts = [...decoder.prepare()];
        tell({ parts, genes: record.genes.map((_, i) => [...decoder.gene(i)]),
               components: [0, 1, 2].map((k) => [...decoder.component(k)]) });
        """,
        path,
    )
    expected = np.stack([result.gene(gene) for gene in expression.genes])
    assert np.abs(told["genes"] - expected).max() <= content.rounding.largest * 1.01 + 1e-6
    assert_allclose(np.transpose(told["components"]), result.latents, rtol=1e-3, atol=1e-3)
    assert told["parts"][-1] == 1


def test_ranges_colours_and_voxels():
    values = [3.0, float("nan"), -1.0, *np.linspace(0, 1, 200).tolist()]
    told = node(
        """
        const values = Float32Array.from(JSON.parse(process.argv[2]), (v) => v ?? NaN);
        const range = displayRange(values);
        tell({ range, constant: displayRange(new Float32Array(5).fill(2)),
               none: displayRange(new Float32Array(2).fill(NaN)),
               shades: [...shades(Float32Array.of(-9, 0, 0.5, 1, 9, NaN), 0, 1)],
               painted: [...painted(Uint16Array.of(0, 2, 1, 1, 3), Uint8Array.of(7, 8, 9),
                                    new Uint8Array(5))] });
        """,
        json.dumps([None if np.isnan(value) else value for value in values]),
    )
    assert_allclose(told["range"], display_range(np.float32(values)), rtol=1e-6)
    assert told["constant"] == [1.5, 2.5]
    assert told["none"] == [0, 1]
    assert told["shades"] == [1, 1, 128, 255, 255, 0]
    assert_array_equal(told["painted"], [0, 8, 7, 7, 9])


def test_voxels_are_turned_and_have_a_rim_of_their_own_colours():
    labels = np.zeros((4, 5, 3), np.uint16)  # x, y, z
    labels[1, 1:4, 1], labels[2, 2, 1] = (1, 2, 3), 4
    told = node(
        """
        const labels = Uint16Array.from(JSON.parse(process.argv[2]));
        const dims = [3, 4, 5, 3], flipped = [3, 0, 0], step = [-1, 4, 20];
        tell({ pixels: [...pixels(Uint8Array.from({ length: 768 }, (_, i) => i % 256))].slice(0, 3),
               turned: [...turned(labels, dims, flipped, step)], rim: rimOf(labels, dims) });
        """,
        json.dumps(labels.ravel(order="F").tolist()),
    )
    assert told["pixels"] == [0, 0xFF050403, 0xFF080706]
    assert_array_equal(told["turned"], labels[::-1].ravel(order="F"))
    rim = np.zeros(labels.size, int)
    for voxel, label in told["rim"]:
        rim[voxel] = label
    rim = rim.reshape(labels.shape, order="F")
    near = np.zeros(labels.shape, bool)
    near[0:3, 0:5] = near[3, 1:4] = True
    assert_array_equal(rim > 0, near & (labels == 0))
    assert rim[0, 1, 1] == 1
    assert rim[1, 2, 0] == 2
    assert rim[3, 2, 1] == 4


def test_the_gene_that_was_typed_comes_first():
    names = ["HBDNF", "bdnf-as", "TP53", "BDNF", "<b>"]
    told = node(
        """
        const names = JSON.parse(process.argv[2]);
        tell([found(names, " bdnf", 50), found(names, "", 2), found(names, "<B", 9),
              found(names, "x", 9)]);
        """,
        json.dumps(names),
    )
    assert told == [
        {"shown": [3, 1, 0], "count": 3},
        {"shown": [0, 1], "count": 5},
        {"shown": [4], "count": 1},
        {"shown": [], "count": 0},
    ]
