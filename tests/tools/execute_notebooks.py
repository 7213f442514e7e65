"""Execute notebooks and store their outputs: ``python tests/tools/execute_notebooks.py [NAME.ipynb ...]``.

Without names, all of notebooks/. A notebook that fails is not written.
"""

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"


def clean(notebook):
    """Drop what changes from run to run, or holds a dead kernel's state, or names the machine."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata["kernelspec"] = {
        "display_name": "Python 3 (ipykernel)",
        "language": "python",
        "name": "python3",
    }
    notebook.metadata["language_info"] = {"name": "python"}
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        for output in cell.get("outputs", []):
            # Without its kernel a stored widget shows "Loading widget…" in place of the picture.
            output.get("data", {}).pop("application/vnd.jupyter.widget-view+json", None)
    return notebook


def execute(path):
    """Execute one notebook in its own folder and write it back."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=300,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,
        record_timing=False,
        # Lines that arrive in two messages on a busy machine are stored as one output.
        coalesce_streams=True,
    )
    client.execute()
    nbformat.write(clean(notebook), path)


def main(names):
    """Execute the named notebooks, or all; return how many failed."""
    paths = [Path(n).resolve() for n in names] or sorted(NOTEBOOKS.glob("*.ipynb"))
    failed = 0
    for path in paths:
        try:
            execute(path)
            print(f"executed {path.name}")
        except CellExecutionError as error:
            failed += 1
            print(f"FAILED {path.name}\n{error}", file=sys.stderr)
    return failed


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
