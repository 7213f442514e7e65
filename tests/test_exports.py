"""A notebook as nbconvert exports it: its pictures have words, and what else axe finds is upstream's."""

import os
from pathlib import Path

import pytest
from axe import EXPORTED, violations
from browser import NoBrowser, chromium

pytestmark = pytest.mark.browser
NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


@pytest.fixture(scope="module")
def page():
    try:
        with chromium() as browser:
            yield browser.new_context(offline=True).new_page()
    except NoBrowser as reason:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI=true asks for the browser tests, but {reason}")
        pytest.skip(f"browser tests: {reason}")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_an_exported_notebook_is_accessible(page, path, tmp_path):
    nbconvert = pytest.importorskip("nbconvert")
    text, _ = nbconvert.HTMLExporter().from_filename(str(path))
    exported = tmp_path / "exported.html"
    exported.write_text(text, encoding="utf-8")
    page.goto(exported.as_uri())
    assert violations(page, "html", EXPORTED) == []
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
