"""The cheat sheet's computed tables hold what the code computes, and its text quotes what the code says."""

import pathlib
import re

import cheatsheet_numbers
import numpy as np
import pytest

FOLDER = pathlib.Path(__file__).parents[1] / "notebooks"
TEXT = (FOLDER / "CHEATSHEET.md").read_text(encoding="utf-8")
ROWS = [(name, key) for name, (_, keys, _) in cheatsheet_numbers.TABLES.items() for key in keys]


def stored_table(name):
    after = TEXT.partition(f"<!-- table {name} of tests/tools/cheatsheet_numbers.py -->\n")[2]
    lines = after.partition("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return tuple(cells[0]), {row[0]: [float(x) for x in row[1:]] for row in cells[2:]}


@pytest.mark.parametrize("name", cheatsheet_numbers.TABLES)
def test_every_table_has_its_columns_and_rows(name):
    columns, keys, _ = cheatsheet_numbers.TABLES[name]
    header, rows = stored_table(name)
    assert header == columns
    assert tuple(rows) == tuple(map(str, keys))


@pytest.mark.parametrize("name, key", ROWS, ids=[f"{name}-{key}" for name, key in ROWS])
def test_the_tables_are_what_the_code_computes(name, key):
    # three digits are printed; the simulated rows are seeded, so only rounding is allowed for
    wanted = cheatsheet_numbers.TABLES[name][2](key)
    np.testing.assert_allclose(stored_table(name)[1][str(key)], wanted, rtol=6e-3)


def test_the_text_quotes_what_the_code_says():
    found = cheatsheet_numbers.facts()
    assert f"best possible value is {found['best']}" in TEXT
    assert f"has {found['uniform, K = 10']} at K = 10 and {found['uniform, K = 50']} at K = 50" in " ".join(
        TEXT.split()
    )
    assert f"up to {found['asymptotic']} off" in TEXT and f"up to {found['paper formula']} off" in TEXT


def test_what_the_text_says_about_the_tables_holds():
    rows, by_k, late = (stored_table(name)[1] for name in cheatsheet_numbers.TABLES)
    assert by_k["2"][1] == pytest.approx(by_k["2"][3], rel=0.1)  # V-PG + b beside CA-PG
    assert by_k["50"][1] < by_k["20"][1] < by_k["2"][1]  # needs a larger batch as K grows
    unbiased = ("V-PG", "Set-PG", "Outcome-PG")
    assert min(unbiased, key=lambda e: rows[e][3]) == "Outcome-PG" and all(rows[e][2] == 1 for e in unbiased)
    assert rows["Outcome-PG"][4] == pytest.approx(rows["CA-PG"][1], rel=0.05)
    assert rows["CA-PG"][5] < rows["CA-PG"][2] - 0.2
    half = late["half optimal, half uniform"]
    assert late["uniform"][0] == 1 and late["uniform"][2] < 0.99 and late["anti"][0] < 0
    assert half[0] < min(late["optimal"][0], late["uniform"][0]) and half[1] > half[0]


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT):
        assert (FOLDER / target).exists(), target
