"""The first page and the core's: their tables hold what the code computes, their examples run, their links lead."""

import pathlib
import re
import textwrap

import learning_table
import numpy as np
import pytest
import readme_numbers

import capg_core as capg
from capg_core.classroom.lessons.n10_the_last_place import numbers as last_place
from capg_core.classroom.lessons.n11_old_logs_new_policy import numbers as old_logs

ROOT = pathlib.Path(__file__).parents[1]
FIRST, CORE, AGAIN = PAGES = ("README.md", "capg_core/README.md", "capg_core/reproduce/README.md")
TEXTS = {page: (ROOT / page).read_text(encoding="utf-8") for page in (*PAGES, "CONTRIBUTING.md", "CHANGELOG.md")}
TEXT = TEXTS[CORE]


def stored_table(table, page=CORE):
    after = TEXTS[page].partition(readme_numbers.mark(table) + "\n")[2]
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


def test_the_first_pages_table_is_the_cores():
    assert stored_table(", clicks", FIRST) == stored_table(", clicks")
    plain = stored_table("")[20]
    assert f"it would be {plain[1]:g} to {plain[2]:g}." in TEXTS[FIRST]


def test_what_the_first_page_says_of_what_is_new_is_stored():
    """The runs of notebook 10 and the spread of notebook 11."""
    curves, words = last_place.stored_runs()["uniform"], " ".join(TEXTS[FIRST].split())
    final = {name: float(curve[-1]) for name, curve in curves.items()}
    best = max(value for name, value in final.items() if not name.startswith("Swap-PG"))
    assert f"{final['Swap-PG']:.2f} against {best:.2f} for the best other, from {curves['Swap-PG'][0]:.2f}" in words
    share = old_logs.spread()[1, :2, 19, old_logs.MOVES.index(1.0)]  # medians at K = 20
    assert 8 <= old_logs.N_RECORDS * share[0] <= 16 and "a dozen" in words
    assert 0.45 < share[1] < 0.6 and old_logs.N_RECORDS == 20_000 and "about half of 20,000 records" in words


def test_the_learning_table_is_the_stored_summary():
    """And what the page says of it."""
    text, found = " ".join(TEXTS[AGAIN].split()), learning_table.summary()
    assert f"{learning_table.MARK}\n{learning_table.table()}\n" in TEXTS[AGAIN]
    assert {line["n_seeds"] for line in found.values()} == {"3"}
    final = {key: float(line["final_mean"]) for key, line in found.items()}
    for (first, other), words in {
        (("K = 10", "paper", "V-PG+b"), ("K = 10", "paper", "CA-PG")): "{:.2f} against {:.2f}",
        (("K = 10", "paper", "V-PG-SwR"), ("K = 10", "paper", "V-PG")): "{:.2f} against {:.2f} in the end",
        (("K = 10", "equal", "Swap-PG"), ("K = 10", "equal", "CA-PG")): "{:.2f} against {:.2f} at K = 10",
        (("K = 50", "equal", "Swap-PG"), ("K = 50", "equal", "CA-PG")): "{:.2f} against {:.2f} at K = 50",
    }.items():
        assert words.format(final[first], final[other]) in text
    assert final["K = 50", "paper", "V-PG+b"] < final["K = 50", "paper", "CA-PG"]
    assert final["K = 50", "equal", "V-PG-SwR"] < final["K = 50", "equal", "V-PG"]
    for k in ("K = 10", "K = 50"):
        assert final[k, "equal", "V-PG+b"] < final[k, "equal", "CA-PG"] > final[k, "equal", "CA-PG-SwR"]
        assert found[k, "equal", "CA-PG"]["steps_to_50"] == "400" and found[k, "equal", "V-PG"]["steps_to_50"] == ""
    first = found["K = 50", "equal", "V-PG"]
    assert f"{float(first['optimal_value']):.2f}; random candidates give 5.78 at K = 10 and " in text
    assert f"{float(first['uniform_value']):.2f} at K = 50" in text


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
    for page, text in TEXTS.items():
        for target in re.findall(r"\]\((?!https?:)([^)]+)\)", text):
            assert ((ROOT / page).parent / target).exists(), f"{page}: {target}"


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
    public = {name for name in there if not name.startswith("_")} - {"data/", "warm.py", "py.typed", "README.md"}
    assert public <= named, public - named
