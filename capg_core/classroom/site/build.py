"""Builds the folder: what is unchanged stays, several processes draw, and nothing is left out silently."""

import importlib
import inspect
import json
import multiprocessing
import re
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import nbformat

from capg_core import classroom
from capg_core.classroom.exercises import LESSONS
from capg_core.classroom.site import pages, states
from capg_core.classroom.site.live import live_of
from capg_core.classroom.site.notebook import body_of, panel_calls, stored_text
from capg_core.classroom.site.progress import Progress
from capg_core.classroom.site.prose import Prose
from capg_core.classroom.site.reference import reference_page
from capg_core.classroom.site.sources import PACKAGE, key_of

LIST = "made-by-capg.json"  # in the folder: what a build wrote there, so that the next one may remove it
NOTEBOOKS = PACKAGE.parent / "notebooks"


@dataclass
class Report:
    """What a build did.

    Attributes
    ----------
    drawn, kept : int
        Pictures of panels.
    problems : list of str
        What could not be built.
    left_out : list of str
        Panels without a grid, which are shown as pictures.
    """

    drawn: int = 0
    kept: int = 0
    problems: list = field(default_factory=list)
    left_out: list = field(default_factory=list)


@dataclass
class _Panel:
    """A panel of a notebook on its way into a page."""

    name: str
    notebook: str
    cell: str
    text: str  # the sentence that the notebook stores
    grid: object
    start: dict
    key: str = ""
    states: list = field(default_factory=list)


def grids_of(name):
    """Return what the lesson of a notebook declares for its page: a list of `Grid`, in the order of the panels."""
    module = f"capg_core.classroom.lessons.{LESSONS.get(name[:2])}.site"
    if name[:2] not in LESSONS or find_spec(module) is None:
        return []
    return list(importlib.import_module(module).GRIDS)


def build(out, notebooks=NOTEBOOKS, only=None, processes=2, stream=None):
    """Build the course as a folder of pages.

    Parameters
    ----------
    out : str or pathlib.Path
        A new folder, an empty one, or one that this function made.
    notebooks : pathlib.Path
        The notebooks and guides.
    only : sequence of str, optional
        Names of notebooks whose panels come alive; the others' are pictures. All, if not given.
    processes : int
        That draw; 1 draws in this one.
    stream : file, optional
        For the progress bar; stderr if not given.

    Returns
    -------
    Report

    Raises
    ------
    ValueError
        If the folder holds something else, or there are no notebooks.
    """
    shelf, report = _open(Path(out), Path(notebooks)), Report()
    found = {path.stem: nbformat.read(path, as_version=4) for path in sorted(shelf.notebooks.glob("*.ipynb"))}
    if not found:
        raise ValueError(f"notebooks is {str(notebooks)!r}; expected a folder with notebooks in it")
    unknown = set(only or ()) - set(found)
    if unknown:
        raise ValueError(f"only names {', '.join(sorted(unknown))}; expected some of {', '.join(found)}")
    panels = panels_of(found, only, report)
    _draw(panels, shelf, report, processes, stream)
    _write(found, panels, shelf, report)
    _tidy(shelf)
    report.problems += shelf.problems
    return report


def _open(out, notebooks):
    if out.exists() and any(out.iterdir()) and not (out / LIST).is_file():
        raise ValueError(f"out is {str(out)!r}, which holds something else; expected a new or an empty folder")
    out.mkdir(parents=True, exist_ok=True)
    shelf = pages.Shelf(out, notebooks)
    if not (out / LIST).is_file():
        (out / LIST).write_text("[]")  # a build that is stopped can be taken up again
    return shelf


def panels_of(found, only, report):
    """Return the panels of some notebooks that come alive, and report those that do not."""
    panels = []
    for name, notebook in found.items():
        grids = grids_of(name)
        for cell, (kind, start) in panel_calls(notebook).items():
            own = next((grid for grid in grids if grid.panel == kind), None)
            if own is None:
                report.left_out.append(f"{name}, cell {cell}: {kind} has no grid, and is a picture")
                continue
            grids.remove(own)
            if only is None or name in only:
                text = stored_text(next(c for c in notebook.cells if c.id == cell))
                panels.append(_Panel(f"{name[:2]}-{cell}", name, cell, text, own, start or {}))
        report.problems += [f"{name}: a grid of {grid.panel} has no cell" for grid in grids]
    return panels


def _jobs(panel, folder, report):
    """Return the jobs of a panel that has changed since the last build; none, and a problem, where it is broken."""
    try:
        lesson = Path(inspect.getfile(getattr(classroom, panel.grid.panel)))
        panel.key = key_of([lesson], panel.grid, panel.start, states.RECIPE)
        panel.states = kept_states(folder, panel.key)
        report.kept += len(panel.states)
        return [] if panel.states else states.jobs_of(panel.grid, panel.start, folder)
    except Exception as error:  # of one panel: the others are built
        report.problems.append(f"{panel.name}: {type(error).__name__}: {error}")
        return []


def _draw(panels, shelf, report, processes, stream):
    """Draw the panels that have changed since the last build."""
    jobs = []
    for panel in panels:
        folder = shelf.out / "panels" / panel.name
        folder.mkdir(parents=True, exist_ok=True)
        jobs += [(panel, job) for job in _jobs(panel, folder, report)]
    bar = Progress(sum(job.n_states for _, job in jobs), stream)
    parts = {}
    for i, result in _results([job for _, job in jobs], processes):
        panel, job = jobs[i]
        bar.add(job.n_states)
        parts[i] = result
        own = [j for j, (other, _) in enumerate(jobs) if other is panel]
        if all(j in parts for j in own):  # kept at once: a build that is stopped goes on from here
            _keep(panel, [parts[j] for j in own], shelf, report)


def _keep(panel, parts, shelf, report):
    """Take what the jobs of a panel have drawn, in the order of its grid, and store it for the next build."""
    failed = [part for part in parts if isinstance(part, Exception)]
    if failed:
        report.problems.append(f"{panel.name}: {failed[0]}")
        return
    panel.states = [state for part in parts for state in part]
    report.drawn += len(panel.states)
    made = {"key": panel.key, "states": panel.states}
    (shelf.out / "panels" / panel.name / "made.json").write_text(json.dumps(made, ensure_ascii=False))


def _results(jobs, processes):
    """Yield (place, states or exception) of each job, as they are done; the longest begin first."""
    order = sorted(range(len(jobs)), key=lambda i: -jobs[i].n_states)
    if processes <= 1 or len(jobs) <= 1:
        for i in order:
            yield i, _attempt(jobs[i])
        return
    with ProcessPoolExecutor(processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        waiting = {pool.submit(_attempt, jobs[i]): i for i in order}
        for done in as_completed(waiting):
            yield waiting[done], done.result()


def _attempt(job):
    try:
        return states.make_states(job)
    except Exception as error:  # of one panel: the others are built
        return RuntimeError(f"{type(error).__name__}: {error}")


def kept_states(folder, key):
    """Return the states of an earlier build with the same key; empty if there are none."""
    made = folder / "made.json"
    if not made.is_file():
        return []
    stored = json.loads(made.read_text())
    if stored["key"] != key or not all((folder / file).is_file() for _, file, _ in stored["states"]):
        return []
    as_value = {True: tuple, False: lambda value: value}
    return [({n: as_value[isinstance(v, list)](v) for n, v in s.items()}, f, t) for s, f, t in stored["states"]]


def _write(found, panels, shelf, report):
    """Write all pages, and what they need."""
    shelf.titles = _titles(found, shelf)
    alive = {}
    for panel in panels:
        if not panel.states:
            continue
        folder = shelf.out / "panels" / panel.name
        live = live_of(panel.name, panel.grid, panel.start, panel.states, folder, panel.text)
        shelf.write(f"panels/{panel.name}/states.js", live.script)
        kept = {"made.json", live.picture, *(file for _, file, _ in panel.states)}
        shelf.made |= {f"panels/{panel.name}/{name}" for name in kept}
        alive.setdefault(panel.notebook, {})[panel.cell] = live.body
        if live.opening != panel.text:
            report.problems.append(f"{panel.name}: the notebook opens it at a setting that its grid does not have")
    bodies = {}
    for name, notebook in found.items():
        solutions = shelf.notebooks / "solutions" / f"{name}.py"
        bodies[name] = body_of(notebook, solutions.read_text(encoding="utf-8"), shelf.link_to, alive.get(name, {}))
        pages.notebook_page(shelf, name, bodies[name], shelf.notebooks / f"{name}.ipynb")
    for name in shelf.titles:
        path = shelf.notebooks / f"{name}.md"
        if name not in found and path.is_file():
            pages.guide_page(shelf, name, path.read_text(encoding="utf-8"))
    pages.guide_page(shelf, pages.ACCESSIBILITY, (pages.FILES / "ACCESSIBILITY.md").read_text(encoding="utf-8"))
    reference_page(shelf, pages.REFERENCE)
    first = next(iter(alive.get(next(iter(found)), {}).values()), "")
    pages.cover(shelf, bodies, first)
    for file in sorted(Path(str(pages.FILES)).rglob("*")):
        if file.suffix in (".css", ".js", ".woff2") or file.name == "OFL.txt":
            shelf.write(f"site/{file.relative_to(str(pages.FILES)).as_posix()}", file.read_bytes())


def _titles(found, shelf):
    """Return what each page is called, in the order of the menu."""
    line = Prose(lambda url: "").line
    titles = {name: line(book.cells[0].source.partition("\n")[0].lstrip("# ")) for name, book in found.items()}
    others = sorted(path.stem for path in shelf.notebooks.glob("*.md"))
    for name in sorted(others, key=lambda n: (pages.GUIDES.index(n) if n in pages.GUIDES else len(pages.GUIDES), n)):
        text = (shelf.notebooks / f"{name}.md").read_text(encoding="utf-8")
        titles[name] = line(re.search(r"^# (.*)$", text, re.M)[1])
    return {**titles, pages.REFERENCE: "Reference of all public names", pages.ACCESSIBILITY: "Accessibility"}


def _tidy(shelf):
    """Remove what an earlier build wrote and this one did not."""
    listed = shelf.out / LIST
    for name in set(json.loads(listed.read_text())) - shelf.made:
        (shelf.out / name).unlink(missing_ok=True)
    listed.write_text(json.dumps(sorted(shelf.made), indent=0))
