"""The course as a folder of pages: what is in it, and that it says what the notebooks and the panels say."""

import ast
import builtins
import doctest
import html
import importlib
import io
import json
import os
import pkgutil
import random
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest
from PIL import Image

pytest.importorskip("latex2mathml", reason="latex2mathml is not installed; run: pip install -e '.[test]'")

from site_pages import NAMES, NOTEBOOKS, SMALL, Links, alive, built, made_of, new_panel, panels, table_of

import capg_core as capg
from capg_core import classroom
from capg_core.classroom import site
from capg_core.classroom.exercises import EXERCISES
from capg_core.classroom.prediction import predictions_of
from capg_core.classroom.site import address, build, states
from capg_core.classroom.site.exercises import solution_of
from capg_core.classroom.site.grid import EVERY, Grid, Some, offers_of, put, settings_of
from capg_core.classroom.site.prose import Prose, formula
from capg_core.classroom.site.sources import PACKAGE, with_imports

MOST = 80e6  # bytes of the folder
MOST_FIRST = 6e6  # of the first page with its panel


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return built(tmp_path_factory.mktemp("site") / "pages")


@pytest.fixture(scope="module")
def pages(folder):
    return {path.name: Links(path.read_text(encoding="utf-8")) for path in sorted(folder[0].glob("*.html"))}


def size(paths):
    return sum(path.stat().st_size for path in paths if path.is_file())


def test_there_is_a_page_for_each_notebook_and_guide(pages):
    guides = [path.stem for path in NOTEBOOKS.glob("*.md")]
    assert set(pages) == {f"{name}.html" for name in ("index", "reference", "ACCESSIBILITY", *NAMES, *guides)}


def test_every_link_leads_somewhere_in_the_folder_or_to_the_public(folder, pages):
    dead = []
    for name, page in pages.items():
        for target in page.targets:
            path, _, anchor = target.partition("#")
            path = path.partition("?")[0]
            if re.match(r"(https?|data|mailto):", target):
                continue
            if not (folder[0] / (path or name)).is_file():
                dead.append(f"{name}: {target}")
            elif anchor and (path or name) in pages and anchor not in pages[path or name].anchors:
                dead.append(f"{name}: no anchor {target}")
    assert dead == []


def test_nothing_is_asked_of_another_place(folder, pages):
    """Classic scripts and relative files: links may lead out, what a page needs may not."""
    for path in [*folder[0].glob("*.html"), *folder[0].glob("site/*")]:
        if path.suffix in (".html", ".js", ".css"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r'(src|srcset)="https?:|@import|type="module"|url\(["\']?https?:|\bfetch\(', text), (
                path.name
            )
            assert not re.search(r'<link[^>]+href="https?:', text), path.name


def test_no_link_needs_an_address_that_is_not_set(pages):
    public = [t for page in pages.values() for t in page.targets if "mybinder" in t or "colab" in t or "github.io" in t]
    assert bool(public) == bool(address.OWNER)
    assert not any("OWNER" in target for page in pages.values() for target in page.targets)


def test_every_picture_has_words(pages):
    for name, page in pages.items():
        for picture in page.pictures:
            second = picture.get("alt") == "" and picture["src"].startswith("panels/")  # the other half of a folded one
            assert second or len(picture.get("alt", "")) > 20, f"{name}: {picture['src']}"


def test_the_folder_is_small(folder):
    assert size(folder[0].rglob("*")) <= MOST
    first = panels()[0][0].name
    parts = [folder[0] / "index.html", *folder[0].glob("site/**/*"), *folder[0].glob(f"panels/{first}/*")]
    assert size(parts) <= MOST_FIRST


def test_each_prediction_is_asked_with_the_sentences_of_its_widget(folder):
    for name in NAMES:
        text = (folder[0] / f"{name}.html").read_text(encoding="utf-8")
        said = dict(re.findall(r'capg\.prediction\("(\w+)", (.*)\);</script>', text))
        assert set(said) == set(predictions_of(name[:2]))
        for key, asked in predictions_of(name[:2]).items():
            words = [option.words for option in asked.options]
            assert json.loads(said[key].replace("<\\/", "</")) == [[asked.said_of(g, c) for c in words] for g in words]
            assert f"<dd>{asked.answer.words}. ".replace("'", "&#x27;") in text  # on the last printed page


def test_each_exercise_has_question_hints_and_solution(folder):
    for name in NAMES:
        text = (folder[0] / f"{name}.html").read_text(encoding="utf-8")
        boxes = re.findall(r'<div class="exercise" id="exercise-([\d.]+)">(.*?)</div>', text, re.S)
        assert [key for key, _ in boxes] == [key for key in EXERCISES if key.startswith(name[:2])]
        for key, box in boxes:
            assert box.count("<details") == 2 and "needs a kernel" in box and "<details open" not in box
            assert box.count("<li>") == len(EXERCISES[key].misconceptions)


@pytest.mark.parametrize("name", NAMES)
def test_a_solution_has_all_that_it_uses(name):
    source = (NOTEBOOKS / "solutions" / f"{name}.py").read_text(encoding="utf-8")
    given = set(dir(builtins)) | {"capg", "np", "__file__"}
    for node in ast.parse(source).body:
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            given |= {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    for key in (key for key in EXERCISES if key.startswith(name[:2])):
        tree = ast.parse(solution_of(key, source))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        stored = {n.id for n in names if isinstance(n.ctx, ast.Store)} | {
            a.arg for a in ast.walk(tree) if isinstance(a, ast.arg)
        }
        stored |= {node.name for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        assert {n.id for n in names} - stored - given == set(), key


def test_the_reference_has_every_public_name(pages):
    wanted = {f"capg_core.{n}" for n in capg.__all__} | {f"capg_core.classroom.{n}" for n in classroom.__all__}
    assert wanted <= pages["reference.html"].anchors


# Panels.


def test_the_grid_of_each_panel_is_one_that_it_has():
    for name, grid, start in alive(NAMES):
        panel = new_panel(grid, start)
        found = settings_of(grid, panel)
        assert found and grid.main in {*found[0], "steps"}, name


def test_each_panel_has_a_grid():
    assert {panel.grid.panel for panel in panels()[0]} == {n for n in classroom.__all__ if n.endswith("Panel")}
    assert panels()[1].problems == []


def test_states_are_the_panels_own(folder):
    """At 50 random states of each panel: its sentence and its picture, drawn anew by a panel that has seen others."""
    rng = random.Random(0)
    for name, grid, start in alive(folder[1]):
        made = made_of(folder[0], name)
        if grid.steps:
            job = rng.choice(states.jobs_of(grid, start, folder[0] / "panels" / name))
            again = states.make_states(job)
            assert all(state in made for state in again), name
            continue
        panel = new_panel(grid, start)
        for setting, picture, text in rng.sample(made, min(50, len(made))):
            put(panel, setting)
            assert panel.text == text, (name, setting)
            assert (folder[0] / "panels" / name / picture).read_bytes() == states.shrink(panel.png), (name, setting)


def test_a_stored_picture_looks_like_the_panels(folder):
    """Cut to a few colours it differs from the panel's by little, and nowhere by much but at edges of letters."""
    for name, grid, start in alive(folder[1]):
        if not grid.steps:
            panel = new_panel(grid, start)
            with Image.open(io.BytesIO(panel.png)) as own, Image.open(io.BytesIO(states.shrink(panel.png))) as stored:
                own, stored = (np.asarray(picture.convert("RGB"), float) for picture in (own, stored))
            off = np.abs(own - stored)
            assert off.mean() < 1.0 and np.quantile(off, 0.999) < 48, name
            for colour in states.MEANT:
                before, after = ((picture == colour).all(axis=2) for picture in (own, stored))
                assert before.sum() < 10 or after[before].mean() > 0.9, (name, colour)


def test_the_table_of_a_page_is_what_was_made(folder):
    for name, _, _ in alive(folder[1]):
        table, made = table_of(folder[0], name), made_of(folder[0], name)
        n = len(table["controls"])
        assert len(table["states"]) == len(made)
        for state, (setting, picture, text) in zip(table["states"], made, strict=True):
            assert (table["files"][state[n]], table["says"][state[n + 1]]) == (picture, text)
            words = [control["words"][i] for control, i in zip(table["controls"], state, strict=False)]
            assert all(words) and len(words) == n, setting
        assert len({tuple(state[:n]) for state in table["states"]}) == len(made)


def test_a_panel_opens_as_the_notebook_stores_it(folder):
    for panel in panels()[0]:
        if panel.notebook in folder[1]:
            text = (folder[0] / f"{panel.notebook}.html").read_text(encoding="utf-8")
            shown = re.search(rf'id="{panel.name}".*?alt="([^"]*)"', text, re.S)[1]
            assert html.unescape(shown) == panel.text, panel.name


# What is refused, and what is built again.


def test_a_grid_that_does_not_fit_is_refused_by_name():
    panel = classroom.AlignmentPanel()
    for blocks, words in (
        ({"speed": (1,)}, "'speed'; expected some of .*stage"),
        ({"k": (99,)}, "Candidates K 99; the panel offers 1, 2"),
        ({"rewards": ("gold",)}, "Rewards 'gold'"),
    ):
        with pytest.raises(ValueError, match=words):
            settings_of(Grid("AlignmentPanel", blocks), panel)
    with pytest.raises(ValueError, match="shows Candidates K 15, not 99"):
        put(panel, {"k": 99})


def test_blocks_are_joined_and_the_main_control_runs_fastest():
    panel = classroom.AlignmentPanel(stage=1.2)
    grid = Grid("AlignmentPanel", {"stage": EVERY}, {"stage": (0.0, 1.0), "k": Some(3)}, {"new_items": 2})
    found = settings_of(grid, panel)
    stages = len(offers_of(panel)["stage"].values)
    assert len(found) == stages + 2 * 2 + 1 and [s["stage"] for s in found[:2]] == [0.0, 0.05]
    assert {s["k"] for s in found} == {1, 5, 15} and found[-1]["new_items"] == 1


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds something else"):
        build.build(tmp_path)
    with pytest.raises(ValueError, match="'nowhere'; expected a folder with notebooks"):
        build.build(tmp_path / "new", Path("nowhere"))
    with pytest.raises(ValueError, match="only names 99_none"):
        build.build(tmp_path / "other", only=["99_none"])
    assert [path.name for path in tmp_path.glob("*.txt")] == ["thesis.txt"]


def test_a_second_build_draws_nothing_and_removes_what_is_gone(folder, tmp_path):
    if "CAPG_SITE" in os.environ:
        pytest.skip("a folder that is given is not changed")
    listed = folder[0] / build.LIST
    (folder[0] / "old.html").write_text("of a notebook that is gone")
    listed.write_text(json.dumps([*json.loads(listed.read_text()), "old.html"]))
    report = build.build(folder[0], only=[SMALL], processes=1)
    assert report.drawn == 0 < report.kept and report.problems == []
    assert not (folder[0] / "old.html").exists()


def test_a_panel_depends_on_its_own_lesson_and_on_no_other():
    found = with_imports([PACKAGE / "classroom" / "lessons" / "n05_bias_and_alignment" / "panel.py"])
    names = {path.relative_to(PACKAGE).as_posix() for path in found}
    assert {"classroom/lessons/n05_bias_and_alignment/numbers.py", "classroom/panel.py", "exact/race.py"} <= names
    assert not any("n06" in name or "site/" in name for name in names)


# Prose.


def test_formulas_are_mathml_and_links_go_through_one_door():
    prose = Prose(lambda url: url.replace(".ipynb", ".html") if url != "gone" else "")
    found = prose.html(
        "See [x](a.ipynb) and [y](gone): $\\lVert g \\rVert^2 \\mid K$.\n\n| a | b |\n|---|---|\n| 1 | $K$ |"
    )
    assert '<a href="a.html">x</a> and y: <math' in found and "$" not in found
    assert '<div class="scroll table"><table>' in found
    assert 'display="block"' in formula("x", block=True)


def test_every_formula_of_the_course_is_understood():
    """What latex2mathml does not know it writes out as text, with its backslash."""
    prose = Prose(lambda url: url)
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "markdown":
                for found in re.findall(r"<math.*?</math>", prose.html(cell.source), re.S):
                    assert "\\" not in found and "<merror" not in found, f"{path.name}, {cell.id}: {found}"


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(site.__path__) if m.name != "__main__"])
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(f"{site.__name__}.{name}")).failed == 0
