"""The public address: it stands once, and everything that links there is made from it."""

import nbformat
import pytest
from address_book import CITATION, README, citation, colab_cell, main, notebook, readme
from test_notebooks import NOTEBOOKS

from capg_core.classroom.site import address

TEXTS = [(README, readme), (CITATION, citation)]


@pytest.mark.parametrize("path, change", TEXTS, ids=["README", "CITATION"])
def test_a_page_has_the_address_that_is_set(path, change, monkeypatch):
    text = path.read_text(encoding="utf-8")
    assert change(text) == text, "run `make address`"
    monkeypatch.setattr(address, "OWNER", "someone")
    public = change(text)
    assert "someone" in public and change(public) == public
    monkeypatch.setattr(address, "OWNER", "")
    assert change(public) == change(text)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_begins_with_the_cell_for_colab(path):
    stored = nbformat.read(path, as_version=4)
    assert stored.cells[1].id == "colab" and stored.cells[1].source == colab_cell(), "run `make address`"
    assert notebook(nbformat.read(path, as_version=4)) == stored


def test_without_an_address_there_is_no_dead_link(monkeypatch):
    monkeypatch.setattr(address, "OWNER", "")
    assert "mybinder" not in readme(README.read_text(encoding="utf-8"))
    assert "raise ModuleNotFoundError" in colab_cell() and "pip" not in colab_cell()
    monkeypatch.setattr(address, "OWNER", "someone")
    assert 'install --quiet "capg @ git+https://github.com/someone/capg@main"' in colab_cell()
    assert "classroom]" not in colab_cell()  # it would replace Colab's own packages


def test_the_cell_does_nothing_where_the_package_is():
    exec(compile(colab_cell().replace("%pip", "assert False #"), "colab", "exec"), {})


@pytest.mark.parametrize("owner", ["a b", "<x>", "../up", "-x"])
def test_an_owner_that_is_no_name_is_refused_and_nothing_is_written(owner):
    before = README.read_bytes()
    with pytest.raises(SystemExit, match="OWNER is"):
        main(owner)
    assert README.read_bytes() == before and address.OWNER not in ("a b", "<x>")
