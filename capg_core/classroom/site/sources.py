"""What a panel's pictures depend on, as one hash: the code that draws them, found by its imports, and the data."""

import ast
import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2]
_LIBRARIES = ("numpy", "numba", "matplotlib", "pillow", "ipywidgets")


def key_of(files, *more):
    """Return a hash of some files of the package, of all that they import from it, and of some other things.

    Parameters
    ----------
    files : iterable of pathlib.Path
    *more
        What else counts; their `repr` is taken.

    Returns
    -------
    str
    """
    found = with_imports(files)
    total = hashlib.sha256(repr((more, [(name, version(name)) for name in _LIBRARIES])).encode())
    for path in (*sorted(found), *sorted((PACKAGE / "data").iterdir())):
        total.update(_hash(path))
    return total.hexdigest()


def with_imports(files):
    """Return files of the package and all that they import from it, a set of paths."""
    found = set()
    for file in files:
        _collect(Path(file).resolve(), found)
    return found


@cache
def _hash(path):
    return hashlib.sha256(path.relative_to(PACKAGE).as_posix().encode() + path.read_bytes()).digest()


def _collect(path, found):
    if path not in found:
        found.add(path)
        for other in _imports(path):
            _collect(other, found)


@cache
def _imports(path):
    """Return the files of the package that a file imports."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [file for name in names if (file := _file_of(name))]


def _file_of(name):
    first, *parts = name.split(".")
    if first != PACKAGE.name:
        return None
    place = PACKAGE.joinpath(*parts)
    return next((file for file in (place.with_suffix(".py"), place / "__init__.py") if file.is_file()), None)
