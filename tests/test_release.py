"""What is published: metadata, the page on PyPI, the recipe for conda-forge, notes of a release."""

import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager
from packaging.requirements import Requirement
from packaging.version import Version

import napari_compressed_transcriptomics as package

ROOT = Path(__file__).parent.parent
NAME = "napari-compressed-transcriptomics"
REPOSITORY = (
    "https://github.com/napari-compressed-transcriptomics/napari-compressed-transcriptomics"
)
RAW = REPOSITORY.replace("github.com", "raw.githubusercontent.com") + "/main/"
PAGES = REPOSITORY + "/blob/main/"
SITE = "https://napari-compressed-transcriptomics.github.io/napari-compressed-transcriptomics/"
BADGE = "https://codecov.io/gh/"
MAX_WORDS, MAX_PICTURE_BYTES = 700, 3_000_000
CONDA_NAMES = {"matplotlib": "matplotlib-base", "torch": "pytorch"}

sys.path.insert(0, str(ROOT / "scripts"))
import licences  # noqa: E402
import tested_versions  # noqa: E402
from release_notes import notes  # noqa: E402


@pytest.fixture(scope="module")
def metadata() -> ProjectMetadata:
    return ProjectMetadata(str(ROOT), PluginManager())


@pytest.fixture(scope="module")
def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_the_version_is_the_one_installed():
    assert Version(package.__version__) >= Version("0.1.dev0")


def test_all_links_of_the_published_readme_lead_somewhere(metadata):
    text = metadata.core.readme
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    assert len(links) > 10
    headings = {
        re.sub(r"[^\w\- ]", "", line.lstrip("# ")).strip().lower().replace(" ", "-")
        for line in text.splitlines()
        if line.startswith("#")
    }
    for link in links:
        if link.startswith("#"):
            assert link[1:] in headings, link
            continue
        assert link.startswith("https://"), link
        for base in (RAW, PAGES):
            if link.startswith(base):
                assert (ROOT / link.removeprefix(base).partition("#")[0]).exists(), link
        if link.startswith(SITE):  # sections are looked for when the site is built
            assert is_page(link.removeprefix(SITE).partition("#")[0].rstrip("/")), link


def is_page(address: str) -> bool:
    """Tell whether the site has a page, written or made (see `scripts/site_pages.py`)."""
    sources = (
        f"docs/{address}.md",
        f"docs/{address}.py",
        f"{address}/README.md".replace("measured", "benchmarks"),
        f"{address}.md".replace("measured", "benchmarks"),
    )
    return not address or any((ROOT / source).exists() for source in sources)


def pictures(text: str) -> list[str]:
    found = re.findall(r"!\[[^\]]*\]\(([^)\s]+)\)", text)
    return [address for address in found if not address.startswith(BADGE)]


def test_the_readme_is_short_and_its_pictures_are_small(metadata):
    text = metadata.core.readme
    assert len(text.split()) < MAX_WORDS
    for picture in pictures(text):
        size = (ROOT / picture.removeprefix(RAW)).stat().st_size
        assert size < MAX_PICTURE_BYTES, picture


def test_pictures_are_files_and_not_pages_about_them(metadata):
    found = pictures(metadata.core.readme)
    assert found
    assert all(picture.startswith(RAW) for picture in found)


def test_the_badge_of_coverage_is_that_of_the_repository(metadata):
    repository = BADGE + REPOSITORY.partition("github.com/")[2]
    assert f"]({repository}/branch/main/graph/badge.svg)]({repository})" in metadata.core.readme


def test_addresses_are_in_the_one_repository(project):
    assert {"Homepage", "Documentation", "Issues", "Changelog"} <= set(project["urls"])
    urls = dict(project["urls"])
    assert urls.pop("Documentation") == SITE
    assert all(url.startswith(REPOSITORY) for url in urls.values())


def test_the_conda_recipe_needs_what_the_package_needs(project):
    recipe = yaml.safe_load((ROOT / "recipe" / "recipe.yaml").read_text())
    needed = {
        CONDA_NAMES.get(requirement.name, requirement.name): str(requirement.specifier)
        for requirement in map(Requirement, project["dependencies"])
    }
    told = dict(line.partition(" ")[::2] for line in recipe["requirements"]["run"])
    assert told.pop("python") == ">=${{ python_min }}"
    assert told == needed
    built_with = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    host = {line.replace(" ", "") for line in recipe["requirements"]["host"]}
    assert set(built_with) <= host
    assert recipe["about"]["license_file"] == project["license-files"]


def test_release_notes_are_the_section_of_the_version():
    changelog = "# Changelog\n\n## [Unreleased]\n\n- new\n\n## [0.2.0] - 2027-01-02\n\n- two\n\n"
    changelog += "## [0.1.0] - 2026-12-01\n\n### Added\n\n- one\n"
    assert notes("v0.2.0", changelog) == "- two\n"
    assert notes("0.1.0", changelog) == "### Added\n\n- one\n"


def test_the_changelog_has_a_dated_entry_of_the_first_release():
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "The first release" in notes("v0.1.0", changelog)
    assert changelog.index("## [Unreleased]") < changelog.index("## [0.1.0]")


@pytest.mark.parametrize("version", ["v0.3.0", "v0x2.0", "Unreleased"])
def test_a_version_without_a_dated_entry_is_refused(version):
    changelog = "## [Unreleased]\n\n- new\n\n## [0.3.0]\n\n- no date\n\n## [0.2.0] - 2027-01-02\n"
    with pytest.raises(SystemExit, match="no dated entry"):
        notes(version, changelog)


def test_licences_are_of_all_that_is_needed_and_of_nothing_else():
    found = {
        name.lower(): words for name, _, words, _ in licences.rows(licences.needed(NAME, set()))
    }
    assert {NAME, "torch", "napari", "vispy"} <= set(found)  # the last is napari's
    assert not {"pytest", "ruff"} & set(found)
    assert found[NAME] == "BSD-3-Clause"
    assert licences.UNKNOWN not in found.values()
    with pytest.raises(SystemExit, match="no-such-package is not installed"):
        licences.needed("no-such-package", set())


def test_the_page_of_tested_versions_has_a_column_a_run(tmp_path):
    runs = [
        tested_versions.record(name, "all", [sys.executable, "-c", f"raise SystemExit({code})"])
        for name, code in (("newest", 0), ("lowest", 1))
    ]
    assert [run["passed"] for run in runs] == [True, False]
    del runs[1]["versions"]["torch"]
    rows = tested_versions.page(runs).splitlines()
    rows = [row.strip("| ").split(" | ") for row in rows if row.startswith("| ")]
    assert {len(row) for row in rows[1:]} == {3}
    assert "FAILED: all" in rows[2]
    assert ["torch", "–", runs[0]["versions"]["torch"]] in rows
