"""Run all notebooks under Colab's versions: ``python tests/tools/colab.py [NAME.ipynb ...]``.

A fresh environment gets the versions that Colab has, and the wheel without the classroom extra, which would replace
them. Each notebook runs in an empty folder, and must print what is stored in it. Colab's Python is 3.13; the versions
can be had on 3.11 to 3.13, and this runs on the one that runs it.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# As Colab had them in August 2026.
COLAB = ("numpy==2.1.3", "numba==0.61.2", "matplotlib==3.10.0", "ipywidgets==7.7.1", "ipykernel==6.17.1")
TO_RUN = ("nbclient", "nbformat")


def texts(cell):
    """Return all that a code cell prints, as one text."""
    found = ""
    for output in cell.outputs:
        found += output.text if output.output_type == "stream" else output.get("data", {}).get("text/plain", "")
    return found


def differences(path):
    """Run a notebook in the present folder; return the cells that print other text than is stored."""
    import nbformat
    from nbclient import NotebookClient

    stored, fresh = (nbformat.read(path, as_version=4) for _ in range(2))
    NotebookClient(fresh, timeout=300, kernel_name="python3", coalesce_streams=True).execute()
    found = []
    for before, after in zip(stored.cells, fresh.cells, strict=True):
        checked = before.cell_type == "code" and "nbval-ignore-output" not in before.metadata.get("tags", [])
        if checked and texts(before) != texts(after):
            found.append(f"{path.name}, cell {before.id}\n  stored: {texts(before)}\n  here:   {texts(after)}")
    return found


def inside(names):
    """Run within the environment: return how many cells differ."""
    import capg_core

    assert "site-packages" in capg_core.__file__, capg_core.__file__
    paths = [Path(name) for name in names]
    count = 0
    for path in paths:
        found = differences(path)
        count += len(found)
        print(f"{path.name}: {'as stored' if not found else ''}", *found, sep="\n" if found else "", flush=True)
    return count


def main(names):
    """Build the environment, and run this file in it."""
    paths = [Path(name).resolve() for name in names] or sorted((ROOT / "notebooks").glob("*.ipynb"))
    with tempfile.TemporaryDirectory() as place:
        work = Path(place)
        subprocess.run([sys.executable, "-m", "venv", work / "venv"], check=True)
        python = next(path for path in (work / "venv").glob("*/python*") if path.stem == "python")
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "wheel", "--no-deps", "--wheel-dir", work / "wheels", ROOT], check=True)
        (wheel,) = (work / "wheels").glob("*.whl")
        subprocess.run([*pip, "install", *COLAB, *TO_RUN, wheel], check=True)
        (work / "empty").mkdir()
        unset = ("PYTHONPATH", "NUMBA_CACHE_DIR", "VIRTUAL_ENV")
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        command = [python, Path(__file__).resolve(), "--inside", *paths]
        return subprocess.run(command, cwd=work / "empty", env=environment, check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        sys.exit(min(1, inside(sys.argv[2:])))
    sys.exit(main(sys.argv[1:]))
