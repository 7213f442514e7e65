"""What the tests of the pages share: a built folder, its panels, and the grids they come from."""

import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import nbformat

from capg_core.classroom.site import build, states

SMALL = "04_credit_assignment"  # the notebook whose panel comes alive in `make test`; `make site` tests all of them
NOTEBOOKS = build.NOTEBOOKS
NAMES = [path.stem for path in sorted(NOTEBOOKS.glob("*.ipynb"))]


def built(folder):
    """Return (folder of pages, notebooks whose panels are alive): the one that ``CAPG_SITE`` names, or a new one."""
    if named := os.environ.get("CAPG_SITE"):
        named = Path(named).resolve()
        found = {path.parent.name[:2] for path in named.glob("panels/*/states.js")}
        return named, [name for name in NAMES if name[:2] in found]
    report = build.build(folder, only=[SMALL], processes=1)
    assert report.problems == []
    return Path(folder).resolve(), [SMALL]


def grids():
    """Return each notebook's grids with what the notebook opens the panels with: (name, grid, start)."""
    found = []
    for name in NAMES:
        notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
        calls = {kind: start for kind, start in build.panel_calls(notebook).values()}
        found += [(name, grid, calls[kind] or {}) for kind, grid in build.grids_of(name).items()]
    return found


def alive(names):
    """Return the panels of some notebooks: (folder's name, grid, start)."""
    return [(f"{name[:2]}-{grid.panel}", grid, start) for name, grid, start in grids() if name in names]


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
