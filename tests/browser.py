"""A Chromium without network that opens one page; tests that need it are skipped without one."""

import shutil
from contextlib import contextmanager
from pathlib import Path

import pytest

SOFTWARE_GL = ("--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--no-sandbox")


def chromium() -> str:
    """Path of Chromium; skips the calling test where it, or Playwright, is absent."""
    pytest.importorskip("playwright", reason="Playwright is not installed (pip install playwright)")
    found = next(
        filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
    )
    if not found:
        pytest.skip("Chromium is not installed")
    return found


class Opened:
    """A page that is open.

    Attributes
    ----------
    page : playwright.sync_api.Page
    requests : list of str
        Addresses that were asked for, the page's own first.
    problems : list of str
        What the browser complained of.
    """

    def __init__(self, page) -> None:
        self.page, self.requests, self.problems = page, [], []
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda said: self.problems.append(said.text))

    def run(self, script: str):
        """Return what JavaScript gives in the page."""
        return self.page.evaluate(script)

    def ready(self) -> None:
        """Wait until any gene can be decoded."""
        self.page.wait_for_selector("#progress[hidden]", state="attached")


@contextmanager
def browser():
    """Yield what opens a file: `open(path, first="", **settings of Playwright's context)`.

    The script `first` is run before those of the page.
    """
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        run = playwright.chromium.launch(executable_path=chromium(), args=SOFTWARE_GL)

        def opened(path: Path, first: str = "", **settings) -> Opened:
            context = run.new_context(offline=True, **settings)
            context.add_init_script(first)
            context.set_default_timeout(120_000)
            it = Opened(context.new_page())
            it.page.goto(path.absolute().as_uri())
            return it

        yield opened
        run.close()
