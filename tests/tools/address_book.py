"""Write the course's public address wherever it stands: ``make address OWNER=name [NAME=capg]``.

Its one home is `capg_core.classroom.site.address`. From there it goes between two marks of README.md, into CITATION.cff
and into each notebook's first cell of code, which installs the package in Colab. Without an owner nothing links to it.
"""

import importlib
import re
import sys
from pathlib import Path

import nbformat

from capg_core.classroom.site import address

ROOT = Path(__file__).resolve().parents[2]
README, CITATION, HOME = ROOT / "README.md", ROOT / "CITATION.cff", Path(address.__file__)
FIRST = "notebooks/00_start_here.ipynb"
CELL = "colab"
_BLOCK = re.compile(r"(?<=<!-- address -->\n).*(?=<!-- /address -->)", re.S)
_PICTURE = re.compile(r"!\[[^\]]*\]\(notebooks/[^)]*\)")
_NONE = (
    "(Badges of Binder, Colab and the course's pages come here with `make address OWNER=name`, once a public\n"
    "repository has the course.)"
)
_IF_MISSING = """\
# In Colab this installs the course's package. Where it is there, it does nothing.
import importlib.util
if importlib.util.find_spec("capg_core") is None:
"""


def readme(text):
    """Return README's text with the present address in it."""
    picture = _PICTURE.search(_BLOCK.search(text)[0])[0]
    if not address.OWNER:
        return _BLOCK.sub(lambda found: f"{picture}\n\n{_NONE}\n", text)
    pages = address.pages()
    badges = [
        f"[![Binder](https://mybinder.org/badge_logo.svg)]({address.binder(FIRST)})",
        f"[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({address.colab(FIRST)})",
        f"[The course without a kernel]({pages})",
    ]
    block = f"[{picture}]({pages})\n\n" + "\n".join(badges) + "\n"
    return _BLOCK.sub(lambda found: block, text)


def citation(text):
    """Return CITATION's text with the present address in it."""
    text = re.sub(r"^(?:repository-code|url): .*\n", "", text, flags=re.M)
    if not address.OWNER:
        return text
    lines = f'repository-code: "{address.repository()}"\nurl: "{address.pages()}"\n'
    return text.replace("license: MIT\n", f"license: MIT\n{lines}", 1)


def colab_cell():
    """Return the source of the cell that installs the package where it is missing; never with the classroom extra."""
    if not address.OWNER:
        return f'{_IF_MISSING}    raise ModuleNotFoundError("capg_core is not here: install it as README.md says")'
    return f'{_IF_MISSING}    %pip install --quiet "capg @ git+{address.repository()}@{address.BRANCH}"'


def notebook(stored):
    """Give a notebook its cell for Colab, after the title, and return it."""
    cells = [cell for cell in stored.cells if cell.id != CELL]
    before = next((cell for cell in stored.cells if cell.id == CELL), None)
    cell = before or nbformat.v4.new_code_cell(id=CELL, execution_count=1)
    cell.source = colab_cell()
    stored.cells = [cells[0], cell, *cells[1:]]
    if before is None:  # one count more for all that follow
        for count, other in enumerate((c for c in stored.cells if c.cell_type == "code"), 1):
            other.execution_count = count
            for output in other.outputs:
                if "execution_count" in output:
                    output.execution_count = count
    return stored


def write():
    """Write the present address everywhere."""
    for path, change in ((README, readme), (CITATION, citation)):
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        nbformat.write(notebook(nbformat.read(path, as_version=4)), path)


def main(owner=None, name=None):
    """Set the owner and the repository's name, if they are given, and write them everywhere."""
    for field, value in (("OWNER", owner), ("NAME", name)):
        if value is None:
            continue
        if not re.fullmatch(r"[A-Za-z0-9][\w.-]*", value):
            sys.exit(f"{field} is {value!r}; expected a name as the host has it, of letters, digits, '-', '_' and '.'")
        text = HOME.read_text(encoding="utf-8")
        HOME.write_text(re.sub(rf'^{field} = ".*?"', f'{field} = "{value}"', text, flags=re.M), encoding="utf-8")
    importlib.reload(address)
    write()


if __name__ == "__main__":
    main(*(given or None for given in sys.argv[1:3]))
