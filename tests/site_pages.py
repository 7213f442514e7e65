"""What the tests of the pages share: a built folder, its panels, and the grids they come from."""

import json
import os
import re
from functools import cache
from html.parser import HTMLParser
from pathlib import Path

import nbformat

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

from capg_core.classroom.site import build, states

SMALL = "05_bias_and_alignment"  # the notebook whose panel comes alive in `make test`; `make site` tests all of them
NOTEBOOKS = build.NOTEBOOKS
NAMES = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


def built(folder):
    """Return (folder of pages, notebooks whose panels are alive).

    The folder is the one that ``CAPG_SITE`` names, or one that all tests share and keep, where they can take turns;
    what has changed is built anew.
    """
    if named := os.environ.get("CAPG_SITE"):
        named = Path(named).resolve()
        found = {path.parent.name[:2] for path in named.glob("panels/*/states.js")}
        return named, [name for name in NAMES if name[:2] in found]
    home = os.environ.get("CAPG_TESTS_HOME")
    if fcntl and home:
        folder = Path(home, "pages")
    with open(f"{folder}.lock", "w") as turn:
        if fcntl:
            fcntl.flock(turn, fcntl.LOCK_EX)
        report = build.build(folder, only=[SMALL], processes=1)
    assert report.problems == []
    return Path(folder).resolve(), [SMALL]


@cache
def panels():
    """Return the panels of all notebooks that have a grid, and the report on the others."""
    books = {name: nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4) for name in NAMES}
    report = build.Report()
    return build.panels_of(books, None, report), report


def alive(names):
    """Return the panels of some notebooks: (folder's name, grid, start)."""
    return [(panel.name, panel.grid, panel.start) for panel in panels()[0] if panel.notebook in names]


def table_of(folder, panel):
    """Return the table of states that a panel's page reads."""
    text = (folder / "panels" / panel / "states.js").read_text(encoding="utf-8")
    return json.loads(re.fullmatch(r'capg\.states\("[^"]+", (.*)\);\n', text, re.S)[1])


def made_of(folder, panel):
    """Return the states of a panel as they were made: (setting, picture's name, sentence)."""
    made = folder / "panels" / panel
    return build.kept_states(made, json.loads((made / "made.json").read_text())["key"])


def new_panel(grid, start):
    """Return a panel as a page's states are drawn with."""
    return states.new_panel(grid, start)


class Links(HTMLParser):
    """The addresses that a page asks for, and the anchors that it has."""

    def __init__(self, text):
        super().__init__()
        self.targets, self.anchors, self.pictures = [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.targets += [given[name] for name in ("href", "src") if name in given]
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        if tag == "img":
            self.pictures.append(given)


SET = """([id, control, index]) => new Promise(done => {
    const field = document.getElementById(id), figure = field.closest('figure');
    const end = () => { clearTimeout(late); done(performance.now() - start); };
    const late = setTimeout(() => done(null), 700), start = performance.now();
    figure.addEventListener('capg:shown', end, { once: true });
    if (control.kind === 'select') field.selectedIndex = index;
    if (control.kind === 'range' || control.kind === 'play') field.value = index;
    if (control.kind === 'check' || control.kind === 'draws') field.click();
    else if (control.kind === 'checks') field.querySelectorAll('input')[index % control.parts.length].click();
    else field.dispatchEvent(new Event(control.kind === 'select' ? 'change' : 'input', { bubbles: true }));
})"""


def move(page, name, control, index):
    """Set one control of a panel; return the milliseconds until its picture is there, or None if it stays."""
    return page.evaluate(SET, [f"{name}-{control['name']}", control, index])
