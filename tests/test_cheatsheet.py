"""The cheat sheet's computed tables hold what the code computes, and its text quotes what the code says."""

import pathlib
import re

import cheatsheet_numbers
import cheatsheet_picture
import numpy as np
import pytest
import readme_picture

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
    lead = " ".join(TEXT.split())
    assert f"above {found['lead, films']} without noise, {found['lead, clicks']} with clicks" in lead
    assert (
        f"Mean of {found['lead, seeds']}" in lead and f"until {found['lead, synthetic']} in a synthetic world" in lead
    )
    assert f"{found['erring critic, lowest']} for the worst of the 20" in TEXT
    assert f"{found['erring critic + inclusion, lowest']} for the worst critic" in TEXT
    assert f"does not ({found['erring critic + inclusion, anti, lowest']})" in TEXT


def test_what_the_text_says_about_the_tables_holds():
    plain, clicks, by_k, by_k_clicks, _, _, late, few, _ = (stored_table(name)[1] for name in cheatsheet_numbers.TABLES)
    assert by_k["2"][1] == pytest.approx(by_k["2"][3], rel=0.1)  # V-PG + b beside CA-PG, without noise
    assert f"with clicks it has {by_k_clicks['2'][1]}, CA-PG {by_k_clicks['2'][3]}" in TEXT
    for rows in (by_k, by_k_clicks):
        assert rows["50"][1] < rows["20"][1] < rows["2"][1]  # needs a larger batch as K grows
    unbiased = ("V-PG", "Set-PG", "Outcome-PG")
    for rows in (plain, clicks):
        assert min(unbiased, key=lambda e, rows=rows: rows[e][3]) == "Outcome-PG"
        assert all(rows[e][2] == 1 for e in unbiased)
        assert rows["CA-PG"][5] < rows["CA-PG"][2] - 0.2
    assert plain["Outcome-PG"][4] == pytest.approx(plain["CA-PG"][1], rel=0.05)
    assert clicks["Outcome-PG"][4] == pytest.approx(clicks["CA-PG"][1] / 6, rel=0.05)
    assert clicks["V-PG"][4] == pytest.approx(clicks["Outcome-PG"][4] / 4, rel=0.1)
    assert plain["Swap-PG"] == clicks["Swap-PG"] and plain["Swap-PG"][:3] == plain["Swap-PG"][3:]
    assert few["2"][1] < few["3"][1] < few["5"][1] < few["20"][1]
    assert f"{few['2'][1]:.2f} at K = 2, {few['3'][1]:.2f} at K = 3" in TEXT
    half = late["half optimal, half uniform"]
    assert late["uniform"][0] == 1 and late["uniform"][2] < 0.99 and late["anti"][0] < 0
    assert half[0] < min(late["optimal"][0], late["uniform"][0]) and half[1] > half[0]


def test_what_the_text_says_about_critics_holds():
    rows = stored_table("critics")[1]
    signal, direction = ({label: row[i] for label, row in rows.items()} for i in (4, 5))
    assert signal["Swap-PG"] == pytest.approx(5.8 * signal["Outcome-PG + baseline"], rel=0.05)
    assert f"cosine {direction['Swap-PG, critic errs']} at K = 20" in TEXT
    assert direction["Swap-PG, critic errs"] < rows["Swap-PG, critic errs"][2] < 1
    for residual, rung in (("list", "V-PG + baseline"), ("outcome", "Outcome-PG + baseline")):
        for k in (1, 4):
            right, errs = rows[f"Swap-PG + {residual}"][k], rows[f"Swap-PG + {residual}, critic errs"][k]
            assert right == pytest.approx(rows[rung][k], rel=0.05)
            assert errs < rows[rung][k]
    errs = "Swap-PG + inclusion, critic errs"
    assert signal[errs] == pytest.approx(5.3 * signal["V-PG + baseline"], rel=0.05)
    assert f"a cosine of {direction[errs]}, " in TEXT
    assert signal[errs] < signal["CA-PG"] and direction[errs] < direction["CA-PG"]
    late = stored_table("alignment")[1]
    assert late["anti"][5] > 0.8 > 0 > late["anti"][0] and late["half optimal, half uniform"][5] > 0.95


def test_what_the_text_says_about_logs_holds():
    rows = stored_table("logs")[1]
    assert all(45 < row[3] < 70 and row[3] < row[5] for row in rows.values())  # about half of the records
    assert rows["5"][1] > 10 * rows["20"][1] and rows["20"][1] < 0.1
    readme = (FOLDER.parent / "capg_core" / "README.md").read_text(encoding="utf-8")
    for k in ("5", "20"):
        assert f"| {k} | {rows[k][1]:.1g} %" in readme or f"| {k} | {rows[k][1]:.2g} %" in readme
        assert f"| {rows[k][3]:.0f} % (" in readme


def test_the_first_picture_is_fresh_and_its_words_are_its_alternative_text():
    picture = FOLDER / "images" / cheatsheet_picture.PICTURE.name
    assert readme_picture.what_is_stale(picture, cheatsheet_picture.make_picture, "cheatsheet_picture.py") == ""
    first = re.search(r"!\[([^]]+)\]\(([^)]+)\)", TEXT)
    assert first.group(2) == f"images/{picture.name}" and TEXT.index(first.group()) < TEXT.index("## Decide")
    assert "CA-PG" in first.group(1) and "concordance" in first.group(1)


def test_links_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXT):
        assert (FOLDER / target).exists(), target
