"""The pages: a frame around each body, the cover, the guides, and where each link leads."""

import html
import re
import shutil
from dataclasses import dataclass, field
from importlib.resources import files
from string import Template

from capg_core.classroom.site import address
from capg_core.classroom.site.prose import Prose

FILES = files("capg_core.classroom.site") / "files"
_FRAME = Template((FILES / "page.html").read_text(encoding="utf-8"))
GUIDES = ("CHEATSHEET", "GLOSSARY", "INSTRUCTOR")  # these first; then what other guides there are
REFERENCE, ACCESSIBILITY = "reference", "ACCESSIBILITY"


@dataclass
class Shelf:
    """Where pages and files go, and what they are called.

    Attributes
    ----------
    out : pathlib.Path
    notebooks : pathlib.Path
        The folder of the notebooks and guides.
    titles : dict
        Name of a page to its title, in the order of the menu.
    made : set of str
        All files written, as paths within `out`.
    problems : list of str
    """

    out: object
    notebooks: object
    titles: dict = field(default_factory=dict)
    made: set = field(default_factory=set)
    problems: list = field(default_factory=list)

    def write(self, name, content):
        """Write a file, if it is not there with the same content."""
        path, content = self.out / name, content if isinstance(content, bytes) else content.encode("utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
        self.made.add(name)

    def link_to(self, url):
        """Return where a link of a notebook or a guide leads within the folder; a file that is linked is copied."""
        if re.match(r"[a-z]+:|#", url):
            return url
        path, _, part = url.partition("#")
        part = part and "#" + part
        target = (self.notebooks / path).resolve()
        if target.parent == self.notebooks.resolve() and target.stem in self.titles:
            return f"{target.stem}.html{part}"
        if target.is_file():
            return self.copy(target)
        if path.endswith("README.md"):
            return "index.html"
        self.problems.append(f"a link leads nowhere: {url}")
        return ""

    def copy(self, path):
        """Copy a file of the repository and return its place in the folder."""
        root = self.notebooks.resolve().parent
        name = f"files/{path.resolve().relative_to(root).as_posix()}"
        (self.out / name).parent.mkdir(parents=True, exist_ok=True)
        if name not in self.made:
            shutil.copyfile(path, self.out / name)
        self.made.add(name)
        return name

    def page(self, name, main, kind="", foot=""):
        """Write a page in the frame that all have."""
        course = [n for n in self.titles if re.match(r"\d\d_", n)]
        around = ""
        if name in course:
            i = course.index(name)
            for j, word, arrow in ((i - 1, "prev", "←"), (i + 1, "next", "→")):
                if 0 <= j < len(course):
                    number = course[j][:2]
                    label = f"{'Previous' if word == 'prev' else 'Next'}: {html.escape(plain(self.titles[course[j]]))}"
                    text = f"{arrow} {number}" if word == "prev" else f"{number} {arrow}"
                    around += f'<a rel="{word}" href="{course[j]}.html" aria-label="{label}">{text}</a>'
        title = plain(self.titles.get(name, "Credit where credit is due"))
        present = f'<a class="present" href="{name}.html?present">Present</a>' if name in course else ""
        values = {"title": f"{html.escape(title)} · CAPG", "kind": kind, "menu": self._menu(name), "neighbours": around,
                  "present": present, "main": main, "foot": foot}  # fmt: skip
        self.write(f"{name}.html", _FRAME.substitute(values))

    def _menu(self, here):
        rows = {"course": "", "guides": ""}
        for name, title in self.titles.items():
            now = ' aria-current="page"' if name == here else ""
            number = f'<span class="number">{name[:2]}</span> ' if re.match(r"\d\d_", name) else ""
            rows["course" if number else "guides"] += f'<li><a href="{name}.html"{now}>{number}{title}</a></li>'
        return f"<ol>{rows['course']}</ol><ul>{rows['guides']}</ul>"


def plain(text):
    """Return HTML as plain text.

    Examples
    --------
    >>> plain("only <em>K</em> &amp; n")
    'only K & n'
    """
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def notebook_page(shelf, name, body, path):
    """Write a notebook's page."""
    number = name[:2]
    copied = shelf.copy(path)
    place = f"notebooks/{path.name}"
    ways = [(address.binder(place), "Binder"), (address.colab(place), "Colab"), (copied, "its file")]
    links = " · ".join(f'<a href="{url}">{word}</a>' for url, word in ways if url)
    contents = "".join(f'<li><a href="#{anchor}">{title}</a></li>' for anchor, title, _ in body.parts if title)
    head = f"""<header class="title"><aside class="about" aria-label="About this page"><p>Open the notebook: {links}</p>
<details class="parts" open><summary>On this page</summary>
<nav aria-label="On this page"><ol>{contents}</ol></nav></details></aside>
<p class="chapter">{number}</p><h1>{body.title}</h1></header>"""
    parts = "".join(f'<section{" class=opening" if i == 0 else ""}>{head if i == 0 else ""}{content}</section>'
                    for i, (_, _, content) in enumerate(body.parts))  # fmt: skip
    answers = "".join(
        f"<dt>{html.escape(question)}</dt><dd>{html.escape(holds)}</dd>" for _, question, holds in body.answers
    )
    last = (
        f'<section class="answers"><h2>Answers to the predictions</h2><dl>{answers}</dl></section>' if answers else ""
    )
    for picture, content in body.pictures.items():
        shelf.write(picture, content)
    shelf.page(name, parts + last, "notebook")


def guide_page(shelf, name, text):
    """Write a guide's page, whose first line is its title."""
    shelf.page(name, f"<section>{Prose(shelf.link_to).html(text)}</section>", "guide")


def cover(shelf, bodies, panel):
    """Write the first page: what it is about, the first panel, and the contents."""
    text = (FILES / "index.md").read_text(encoding="utf-8")
    before, _, after = Prose(shelf.link_to).html(text).partition("<p>PANEL</p>")
    rows = "".join(
        f'<li><a href="{name}.html"><span class="number">{name[:2]}</span><span class="name">{body.title}</span></a>'
        f'<p>You can then {body.summary}</p><span class="minutes">{body.minutes} min</span></li>'
        for name, body in bodies.items()
    )
    guides = "".join(
        f'<li><a href="{name}.html">{title}</a></li>' for name, title in shelf.titles.items() if name not in bodies
    )
    parts = f'{before}{panel}{after}<h2 id="course">The course</h2><ol class="course">{rows}</ol>'
    shelf.page(
        "index", f'<section>{parts}<h2 id="beside">Beside it</h2><ul class="beside">{guides}</ul></section>', "cover"
    )
