"""Hygiene of the committed notebooks: an unexecuted notebook passes nbval green, so this looks at what is stored."""

import re
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parent.parent / "notebooks").glob("*.ipynb"))
MAX_LINES = 12


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.name)
def notebook(request):
    return nbformat.read(request.param, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_is_a_first_notebook():
    assert "00_start_here.ipynb" in [path.name for path in NOTEBOOKS]


def test_format_is_valid(notebook):
    nbformat.validate(notebook)


def test_every_code_cell_was_executed_in_order(notebook):
    counts = [cell.execution_count for cell in code_cells(notebook) if cell.source.strip()]
    assert counts == list(range(1, len(counts) + 1)), "run `make notebooks`"


def test_no_cell_is_empty(notebook):
    assert all(cell.source.strip() for cell in notebook.cells)


def test_no_output_is_an_error(notebook):
    for cell in code_cells(notebook):
        if "raises-exception" not in cell.metadata.get("tags", []):
            kinds = [output.output_type for output in cell.outputs]
            assert "error" not in kinds, f"cell {cell.id}"


def test_no_output_is_a_warning(notebook):
    for cell in code_cells(notebook):
        noise = [output.text for output in cell.outputs if output.get("name") == "stderr"]
        assert not noise, f"cell {cell.id}: {noise}"


def test_kernel_is_python3_and_no_widget_state_is_stored(notebook):
    assert notebook.metadata.kernelspec.name == "python3"
    assert "widgets" not in notebook.metadata
    for cell in code_cells(notebook):
        for output in cell.outputs:
            # A dead widget hides the picture stored beside it.
            assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {}), f"cell {cell.id}"


def test_nothing_stored_names_a_time(notebook):
    assert all("execution" not in cell.metadata for cell in notebook.cells)


def test_code_cells_are_short(notebook):
    for cell in code_cells(notebook):
        lines = len(cell.source.splitlines())
        assert lines <= MAX_LINES, f"cell {cell.id} has {lines} lines"


def test_cell_ids_are_chosen_names(notebook):
    """A random id changes when a notebook is made again, and then every cell shows up in the diff."""
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    random_ids = [i for i in ids if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f-]+)?", i)]
    assert not random_ids, f"give these cells a name: {random_ids}"


def test_no_semicolon_hides_an_output(notebook):
    """A trailing semicolon does not silence a cell under nbval; assign to `_` instead."""
    for cell in code_cells(notebook):
        assert not cell.source.rstrip().endswith(";"), f"cell {cell.id}"


def test_every_stored_picture_has_its_text(notebook):
    for cell in code_cells(notebook):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                assert output.metadata["image/png"]["alt"] == output.data["text/plain"], f"cell {cell.id}"
