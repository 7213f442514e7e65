"""A notebook as nbconvert exports it: its pictures have words, and what else axe finds is upstream's."""

from pathlib import Path

import pytest
from axe import EXPORTED, violations

pytestmark = pytest.mark.browser
NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))


@pytest.fixture
def page(browser):
    context = browser.new_context(offline=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_an_exported_notebook_is_accessible(page, path, tmp_path):
    nbconvert = pytest.importorskip("nbconvert")
    text, _ = nbconvert.HTMLExporter().from_filename(str(path))
    exported = tmp_path / "exported.html"
    exported.write_text(text, encoding="utf-8")
    page.goto(exported.as_uri())
    assert violations(page, "html", EXPORTED) == []
    assert page.locator("img:not([alt]), img[alt='']").count() == 0
