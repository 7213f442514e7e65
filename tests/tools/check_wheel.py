"""Try the package as others get it: ``python tests/tools/check_wheel.py [FOLDER]``.

FOLDER holds the sdist that ``python -m build`` wrote; without one it is built here. The sdist is unpacked, a wheel is
built from it, and the wheel is installed with what the core needs and nothing of the classroom. Then the core's tests
that came with the sdist run, in a folder in which no sources lie.
"""

import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CORE = ("exact", "approximations", "estimators", "sampling", "lists", "swap", "any_model", "logs")
# What the package itself does not need; the pins are those of the lock.
FOR_TESTS = ("pytest", "hypothesis", "scipy")
ASK = """
import importlib.util, pathlib, capg_core
folder = pathlib.Path(capg_core.__file__).parent
assert "site-packages" in str(folder), folder
assert (folder / "py.typed").is_file() and capg_core.load_ratings().n_users > 0
assert importlib.util.find_spec("matplotlib") is None and importlib.util.find_spec("jupyterlab") is None
print("capg_core", capg_core.__version__, "imports without the classroom")
"""


def run(*command, cwd):
    """Run a command and stop with its output if it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=False)
    if done.returncode:
        sys.exit(f"failed: {' '.join(map(str, command))}")


def sdist_of(folder, python, work):
    """Return the sdist in a folder, or build one."""
    if folder is None:
        run(python, "-m", "pip", "install", "-q", "build", cwd=work)
        run(python, "-m", "build", "--sdist", "--outdir", work / "dist", ROOT, cwd=work)
        folder = work / "dist"
    (found,) = Path(folder).resolve().glob("*.tar.gz")
    return found


def main(folder=None):
    """Do all of it; exit with a message at what fails."""
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        run(sys.executable, "-m", "venv", work / "venv", cwd=work)
        python = next(path for path in (work / "venv").glob("*/python*") if path.stem == "python")
        with tarfile.open(sdist_of(folder, python, work)) as packed:
            packed.extractall(work / "unpacked", filter="data")
        (source,) = (work / "unpacked").iterdir()
        run(python, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", work / "wheels", source, cwd=work)
        (wheel,) = (work / "wheels").glob("*.whl")
        run(python, "-m", "pip", "install", "-q", wheel, *FOR_TESTS, cwd=work)
        empty = work / "empty"
        empty.mkdir()
        run(python, "-c", ASK, cwd=empty)
        (source / "tests").rename(empty / "tests")
        (source / "pyproject.toml").rename(empty / "pyproject.toml")
        files = [f"tests/test_{name}.py" for name in CORE]
        run(python, "-m", "pytest", "-q", "-m", "not slow", *files, cwd=empty)


if __name__ == "__main__":
    main(*sys.argv[1:2])
