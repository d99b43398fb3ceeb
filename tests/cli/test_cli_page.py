"""The command `page`: a page from a folder, one sentence for anything else."""

import json
import shutil

from commands import refused, run
from napari_compressed_transcriptomics.io.writers.page_file import write_page


def record_of(page):
    return json.loads(page.split('id="record">')[1].split("</script>")[0])


def test_the_page_is_the_same_from_memory_and_from_the_folder(result, saved, tmp_path, capsys):
    out, gene = tmp_path / "brain.html", result.expression.genes[4]
    assert run("page", saved, "--out", out, "--gene", gene) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"{out} (")
    assert printed.endswith(" MB)\n")
    page = out.read_text("utf-8")
    assert page == write_page(result, tmp_path / "memory.html", gene=gene).read_text("utf-8")
    assert record_of(page)["first"] == 4


def test_it_lies_in_the_folder_where_nobody_says_where(saved, tmp_path):
    folder = shutil.copytree(saved, tmp_path / "result")
    assert run("page", folder, "--precision", "int8") == 0
    record = record_of((folder / "page.html").read_text("utf-8"))
    assert record["places"]["weight"]["type"] == "int8"


def test_what_cannot_be_is_told_in_a_sentence(saved, tmp_path, capsys):
    assert "must end in .html" in refused(capsys, "page", saved, "--out", tmp_path / "page.txt")
    assert "no gene 'NONE'" in refused(
        capsys, "page", saved, "--gene", "NONE", "--out", tmp_path / "page.html"
    )
    folder = shutil.copytree(saved, tmp_path / "result")
    (folder / "model.safetensors").unlink()
    assert "has no model.safetensors" in refused(capsys, "page", folder)
    assert not list(tmp_path.rglob("*.html"))
