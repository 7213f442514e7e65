"""The report on a class: what stored outputs say is what comes out, no code runs, and odd files are named."""

import csv
import json

import pytest
from test_notebooks import NOTEBOOKS

from capg_core.classroom import check
from capg_core.classroom.exercises import EXERCISES
from capg_core.classroom.prediction import predictions_of
from capg_core.classroom.report.__main__ import main
from capg_core.classroom.report.reading import read_folder

FIRST = next(path for path in NOTEBOOKS if path.name.startswith("00"))
MISTAKE = EXERCISES["00.1"].misconceptions[0]
OPTION = next(option for option in predictions_of("00")["00"].options if not option.holds)


def handed_in(*, answers=None, guess=None, code="", executed=True):
    """Return the first notebook as a student hands it in: with the check's own verdicts on these answers."""
    stored = json.loads(FIRST.read_text(encoding="utf-8"))
    for cell in (cell for cell in stored["cells"] if cell["cell_type"] == "code"):
        source = "".join(cell["source"])
        for key, answer in (answers or {}).items():
            if f'check("{key}"' in source:
                text = repr(check(key, answer))
                cell["outputs"] = [{"output_type": "execute_result", "data": {"text/plain": text.splitlines(True)}}]
        if ".reveal()" in source and guess:
            cell["outputs"] = [{"output_type": "stream", "name": "stdout", "text": f"You guessed: {guess}. And so on."}]
        if not executed:
            cell["execution_count"], cell["outputs"] = None, []
    if code:
        new = {"cell_type": "code", "source": code, "outputs": [], "execution_count": 99, "metadata": {}}
        stored["cells"].append(new)
    return json.dumps(stored)


def right(key):
    return EXERCISES[key].answer(EXERCISES[key].expected)


@pytest.fixture
def folder(tmp_path):
    """A class: right, wrong, guessed, by name and by folder, and files that are odd."""
    files = {
        "anna/00_start_here.ipynb": handed_in(answers={"00.1": right("00.1")}, guess=OPTION.words),
        "00_start_here_ben.ipynb": handed_in(answers={"00.1": MISTAKE.wrong}, guess=OPTION.words),
        "=cmd()/00_start_here.ipynb": handed_in(),
        "<b>eve/00_start_here.ipynb": handed_in(code=f"open({str(tmp_path / 'ran')!r}, 'w')"),
        "fay/homework.ipynb": handed_in(),
        "gus/00_start_here.ipynb": handed_in(executed=False),
        "hal/00_start_here.ipynb": handed_in()[:5000],
        "ida/other.ipynb": '{"cells": []}',
        "joe/00_start_here.ipynb": "[1, 2",
        "kim/00_start_here.ipynb": json.dumps({"cells": [{"cell_type": "code", "source": 3, "outputs": "x"}, 7]}),
    }
    for name, text in files.items():
        path = tmp_path / "class" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "class"


def rows_of(path):
    with open(path, encoding="utf-8", newline="") as lines:
        return list(csv.reader(lines))


def test_the_tables_say_what_the_checks_said(folder, tmp_path, capsys):
    assert main([str(folder), "--out", str(tmp_path / "out")]) == 0
    table = rows_of(tmp_path / "out" / "exercises.csv")
    of = {row[0]: dict(zip(table[0][1:], row[1:], strict=True)) for row in table[1:]}
    assert table[0][1:] == [key for key in EXERCISES if key.startswith("00")]
    assert of["anna"]["00.1"] == "correct" and of["ben"]["00.1"] == "not yet" and of["fay"]["00.1"] == "not attempted"
    assert of["gus"]["00.1"] == "not run" and of["anna"]["00.2"] == "not attempted"
    assert ["00.1", MISTAKE.name, "1"] in rows_of(tmp_path / "out" / "misconceptions.csv")
    guesses = {row[1]: row[2] for row in rows_of(tmp_path / "out" / "guesses.csv")[1:]}
    assert guesses[OPTION.words] == "2" and sum(map(int, guesses.values())) == 2
    assert "6 students, 6 notebooks" in capsys.readouterr().out


def test_odd_files_are_named_and_nothing_of_them_runs(folder, tmp_path):
    main([str(folder), "--out", str(tmp_path / "out")])
    notes = dict(rows_of(tmp_path / "out" / "files.csv")[1:])
    assert notes.keys() == {f"{who}.ipynb" for who in (
        "fay/homework", "gus/00_start_here", "hal/00_start_here", "ida/other", "joe/00_start_here", "kim/00_start_here"
    )}  # fmt: skip
    assert "renamed: by its exercises it is 00_start_here" in notes["fay/homework.ipynb"]
    assert "not executed" in notes["gus/00_start_here.ipynb"] and "broken" in notes["hal/00_start_here.ipynb"]
    assert "no notebook of the course" in notes["ida/other.ipynb"] + notes["kim/00_start_here.ipynb"]
    assert not (tmp_path / "ran").exists()


def test_names_are_text_on_the_page_and_in_a_spreadsheet(folder, tmp_path):
    main([str(folder), "--out", str(tmp_path / "out")])
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;eve" in page and "<b>eve" not in page
    assert "<script" not in page and "http" not in page
    assert "'=cmd()" in [row[0] for row in rows_of(tmp_path / "out" / "exercises.csv")]


def test_of_two_files_of_a_student_the_better_verdict_counts(tmp_path):
    for place, answer in (("a", MISTAKE.wrong), ("b", right("00.1")), ("c", ...)):
        path = tmp_path / "lea" / place / "00_start_here.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(handed_in(answers={"00.1": answer}), encoding="utf-8")
    (found,), notes = read_folder(tmp_path)
    assert found.states["00.1"] == "correct" and found.mistakes == [("00.1", MISTAKE.name)]
    assert len(notes) == 2 and all("before" in note for _, note in notes)


def test_a_folder_that_is_not_there_or_is_empty_is_said(tmp_path, capsys):
    with pytest.raises(SystemExit):
        main([str(tmp_path / "none")])
    assert "expected a folder" in capsys.readouterr().err
    assert main([str(tmp_path), "--out", str(tmp_path / "out")]) == 0
    assert "holds no notebook" in capsys.readouterr().out
