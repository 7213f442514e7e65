"""The exercises: right answers, the wrong answers they name, broken ones, and the worked solutions."""

import doctest
import importlib
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import capg_core as capg
from capg_core.classroom import check
from capg_core.classroom.check import ALMOST, CORRECT, HINT, NOT_ATTEMPTED
from capg_core.classroom.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[1]
MISTAKES = [(key, mistake) for key, exercise in EXERCISES.items() for mistake in exercise.misconceptions]


@pytest.mark.parametrize("key", EXERCISES)
@pytest.mark.parametrize("answer", [None, ...])
def test_no_answer_is_not_attempted(key, answer):
    assert check(key, answer).state == NOT_ATTEMPTED


@pytest.mark.parametrize("key", EXERCISES)
def test_the_expected_answer_is_correct(key):
    assert check(key, EXERCISES[key].answer(EXERCISES[key].expected)).state == CORRECT


@pytest.mark.parametrize(("key", "mistake"), MISTAKES, ids=[f"{key} {m.name}" for key, m in MISTAKES])
def test_each_wrong_answer_gets_its_own_hint(key, mistake):
    result = check(key, EXERCISES[key].answer(mistake.wrong))
    assert result.state == HINT
    assert result.hint == mistake.hint
    assert "<details" in result._repr_html_()


def test_almost_by_sign_shape_and_tolerance():
    exact = capg.list_score
    assert check("00.1", lambda logits, items: -exact(logits, items)).state == ALMOST
    row = check("00.1", lambda logits, items: exact(logits, items)[None])
    assert row.state == ALMOST and "shape" in row.text
    assert check("00.1", lambda logits, items: exact(logits, items).round(4)).state == ALMOST
    assert check("00.2", 1.25 * EXERCISES["00.2"].expected()).state == ALMOST


def test_broken_answers_get_a_hint_and_never_raise():
    def broken(logits, candidates):
        return 1 / 0

    assert "ZeroDivisionError" in check("00.1", broken).text
    assert check("00.1", lambda logits, candidates: None).state == NOT_ATTEMPTED
    for answer in (
        3.0,
        "score",
        lambda logits, candidates: np.zeros(2),
        lambda logits, candidates: logits * np.nan,
    ):
        assert check("00.1", answer).state == HINT
    for answer in ("many", [1.0, 2.0], np.nan, np.inf, {}, 7.0):
        assert check("00.2", answer).state == HINT
    with pytest.raises(ValueError, match="'99.9'"):
        check("99.9", 1)


BROKEN = [
    "many",
    [1.0, 2.0],
    [[1.0], [2.0, 3.0]],
    [],
    {},
    np.nan,
    np.zeros(3),
    int,
    lambda: 1.0,
    lambda *case: 1 / 0,
    lambda *case: np.zeros((2, 2)),
    lambda *case: np.nan,
    lambda *case: "many",
    lambda *case: (1.0, None),
    lambda *case: [x.fill(0.5) for x in case if isinstance(x, np.ndarray)],
]


@pytest.mark.parametrize("key", EXERCISES)
def test_nothing_a_student_hands_in_raises(key):
    for answer in BROKEN:
        assert check(key, answer).state == HINT, answer
    if EXERCISES[key].call:
        assert f"expected a function {EXERCISES[key].call}, not float" in check(key, 3.0).text
        for nothing in (None, ...):
            assert check(key, lambda *case, nothing=nothing: nothing).state == NOT_ATTEMPTED
    # whatever a function did to its arguments, the next one gets them whole
    assert check(key, EXERCISES[key].answer(EXERCISES[key].expected)).state == CORRECT


def test_several_arrays_are_asked_for_in_words():
    assert "expected two arrays: return theta, squares" in check("07.1", lambda *case: case[0]).text


def test_check_reads_the_same_each_time():
    first, second = check("00.2", 1.0), check("00.2", 1.0)
    assert repr(first) == repr(second) == first.text
    assert first._repr_html_() == second._repr_html_()


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks" / "solutions").glob("*.py")), ids=lambda path: path.stem)
def test_solutions_are_correct(path):
    answers = runpy.run_path(str(path))["ANSWERS"]
    assert set(answers) == {key for key in EXERCISES if key.startswith(path.stem[:2])}
    for key, answer in answers.items():
        assert check(key, answer).state == CORRECT


def test_a_panel_loads_no_exercise_and_a_check_only_its_lesson():
    script = """
import sys
from capg_core.classroom import check
loaded = lambda: sorted(name for name in sys.modules if name.endswith(".exercises") and ".lessons." in name)
assert loaded() == []
check("04.1", ...)
assert loaded() == ["capg_core.classroom.lessons.n04_credit_assignment.exercises"]
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_docstring_examples_run():
    # `capg_core.classroom.check` is the function, which hides the module of that name
    found = doctest.testmod(importlib.import_module("capg_core.classroom.check"))
    assert found.attempted > 0 and found.failed == 0
