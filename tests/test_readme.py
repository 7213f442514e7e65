"""The README's table holds what the code computes, and its example runs."""

import pathlib
import re
import textwrap

import numpy as np
import pytest
import readme_numbers

import capg_core as capg

TEXT = (pathlib.Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")


def stored_table(table):
    after = TEXT.partition(readme_numbers.mark(table) + "\n")[2]
    assert after.startswith(readme_numbers.header())
    rows = after.partition("\n\n")[0].splitlines()[2:]
    return {int(cells[0]): [float(x) for x in cells[1:]] for cells in (r.strip("| ").split("|") for r in rows)}


@pytest.mark.parametrize("table", readme_numbers.TABLES)
def test_the_tables_have_every_k(table):
    assert tuple(stored_table(table)) == readme_numbers.KS


@pytest.mark.parametrize("table", readme_numbers.TABLES)
@pytest.mark.parametrize("k", readme_numbers.KS)
def test_the_tables_are_what_the_code_computes(table, k):
    # three digits are printed; the simulated columns are seeded, so only rounding is allowed for
    wanted = readme_numbers.numbers(k, readme_numbers.TABLES[table])
    np.testing.assert_allclose(stored_table(table)[k], wanted, rtol=6e-3)


def test_what_the_text_says_about_the_tables_holds():
    plain, clicks = (
        {k: dict(zip(readme_numbers.columns()[1:], row, strict=True)) for k, row in stored_table(table).items()}
        for table in readme_numbers.TABLES
    )
    noise = [clicks[k]["V-PG + baseline"] for k in readme_numbers.KS]
    assert noise == sorted(noise)
    ratios = [f"{row[20]['CA-PG'] / row[20]['Outcome-PG + baseline']:.2g}" for row in (clicks, plain)]
    assert f"{ratios[0]} times less than CA-PG's, no longer {float(ratios[1]):.0f}" in " ".join(TEXT.split())
    assert all(clicks[k]["Swap-PG"] == plain[k]["Swap-PG"] for k in readme_numbers.KS)
    for row in (plain, clicks):
        one, other = row[20]["V-PG"], row[20]["V-PG + baseline"]
        assert re.search(rf"{one:g}\s+to {other:g}", TEXT)
        unbiased = ("V-PG", "V-PG + baseline", "Set-PG", "Outcome-PG", "Outcome-PG + baseline")
        assert all(min(unbiased, key=row[k].get) == "Outcome-PG + baseline" for k in readme_numbers.KS)


def test_the_loop_is_the_one_of_the_example():
    (loop,) = re.findall(r"```py\n(.*?)```", TEXT, re.DOTALL)
    example = (pathlib.Path(capg.__file__).parent / "examples" / "jax_tower.py").read_text(encoding="utf-8")
    assert textwrap.indent(loop, "    ") in example


def test_the_examples_run_one_after_the_other():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 3
    exec(compile("\n".join(blocks), "README.md", "exec"), {})


def test_every_file_that_is_named_is_there():
    root = pathlib.Path(__file__).parents[1]
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT):
        assert (root / target).exists(), target


def test_what_is_said_of_the_films_is_what_they_are():
    error = capg.held_out_error()
    assert f"{error.factorisation:.3f} stars, against {error.biases:.3f} for biases alone" in TEXT
    own, fitted = (capg.alignment(capg.observed_films(stage)).concordance for stage in ("own", "fitted"))
    assert own == 1.0 and f"{100 * fitted:.0f} % of the pairs" in TEXT


def test_every_estimator_has_its_line():
    for name in capg.ESTIMATORS:
        assert f"| `{name}` |" in TEXT


def test_the_map_names_what_is_there():
    block = TEXT.partition("## Where things are")[2].partition("```\n")[2].partition("```")[0]
    package = pathlib.Path(capg.__file__).parent
    named = set(re.findall(r"(?<![\w/])(\w+(?:\.py|/))", block)) - {"capg_core/", "notebooks/", "tests/", "lessons/"}
    there = {p.name if p.is_file() else f"{p.name}/" for p in package.iterdir()}
    assert named - {"tools/"} <= there, named - there
    public = {name for name in there if not name.startswith("_")} - {"data/", "warm.py", "py.typed"}
    assert public <= named, public - named
