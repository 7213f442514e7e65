"""The exercises: right answers in any form, wrong ones and what is said of them, and the worked solutions."""

import doctest
import html
import importlib
import re
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from wrong_scores import drawn_only, softmax, wrong_score

import capg_core as capg
from capg_core.classroom import check
from capg_core.classroom.check import _COLOURS, ALMOST, CORRECT, NOT_ATTEMPTED, NOT_YET, STATES
from capg_core.classroom.exercises import EXERCISES
from capg_core.look import LOOKS

ROOT = Path(__file__).resolve().parents[1]
MISTAKES = [(key, mistake) for key, exercise in EXERCISES.items() for mistake in exercise.misconceptions]
CODING = [key for key, exercise in EXERCISES.items() if exercise.call]
CHOICES = [key for key, exercise in EXERCISES.items() if exercise.choices]
NUMBERS = [key for key, exercise in EXERCISES.items() if not exercise.call and not exercise.choices]


def right(key):
    return EXERCISES[key].answer(EXERCISES[key].expected)


# What is right, in any form.

FORMS = {
    "single precision": lambda x: np.asarray(x, np.float32),
    "a list": lambda x: np.asarray(x).tolist(),
    "one in brackets": lambda x: [x],
    "a row": lambda x: np.asarray(x)[None],
    "a column": lambda x: np.asarray(x)[..., None],
}


@pytest.mark.parametrize("key", CODING + NUMBERS)
@pytest.mark.parametrize("form", FORMS)
def test_the_right_answer_is_correct_in_any_form(key, form):
    expected, change = EXERCISES[key].expected, FORMS[form]

    def one(*case):
        result = expected(*case)
        return [change(part) for part in result] if isinstance(result, tuple) else change(result)

    assert check(key, right(key)).state == CORRECT
    result = check(key, one if EXERCISES[key].call else one())
    assert result.state == CORRECT, result.text


def test_two_arrays_may_come_in_a_list_or_stacked():
    expected = EXERCISES["07.1"].expected
    assert check("07.1", lambda *case: list(expected(*case))).state == CORRECT
    assert check("07.1", lambda *case: np.array(expected(*case))).state == CORRECT


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks" / "solutions").glob("*.py")), ids=lambda path: path.stem)
def test_solutions_are_correct(path):
    answers = runpy.run_path(str(path))["ANSWERS"]
    assert set(answers) == {key for key in EXERCISES if key.startswith(path.stem[:2])}
    for key, answer in answers.items():
        assert check(key, answer).state == CORRECT


# What is measured, simulated or read from a table is as right as its question asks.


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_measured_ratios_are_right_for_any_seed(seed):
    """A ratio of variances from 2,000 lists has a standard error of 1 % (00.2) or 3 % (03.2); 4 % and 7 % pass."""
    rng = np.random.default_rng(0)
    logits, reward = rng.normal(size=100), rng.random(100)

    def measure(k, estimator, baseline=None):
        more = {"n_samples": 2000, "rng": np.random.default_rng(seed), "baseline": baseline}
        return capg.gradient_diagnostics(logits, k, reward, estimator, **more)

    def ratio(k, baseline=None):
        return measure(k, "V-PG", baseline).variance / measure(k, "CA-PG", baseline).variance

    assert check("00.2", ratio(20)).state == CORRECT
    assert "baseline" in check("00.2", ratio(20, "mean")).hint
    assert "at K = 5" in check("00.2", ratio(5)).hint
    at_20, at_50 = (measure(k, "V-PG", "mean") for k in (20, 50))
    assert check("03.2", at_20.variance / at_20.signal**2).state == CORRECT
    assert "at K = 50" in check("03.2", at_50.variance / at_50.signal**2).hint


def test_what_the_notebooks_tables_give_is_right():
    assert check("08.3", 4.99 - 4.39).state == CORRECT
    assert check("05.3", 0.1).state == CORRECT and check("05.3", 0.11).state == CORRECT
    assert check("05.3", 0.12).state == NOT_YET
    assert check("00.2", 25.5).state == check("00.2", 25.9).state == CORRECT


def test_five_thousand_lists_reach_the_answer_of_09_3():
    """The difference of two means of 5,000 lists has a standard error of 0.04 or less, and 0.08 is allowed for."""
    from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import expert_logits, near

    logits, rng = expert_logits(2, 90.0), np.random.default_rng(0)

    def near_a(logits):
        noise = rng.gumbel(size=(2, 5000, logits.shape[1]))
        first = np.argsort(-(logits[0] + noise[0]), axis=1)[:, :12]
        left = logits[1] + noise[1]
        np.put_along_axis(left, first, -np.inf, axis=1)
        lists = np.hstack([first, np.argsort(-left, axis=1)[:, :12]])
        return near(0)[lists].sum(axis=1)

    last, first = near_a(logits[::-1]), near_a(logits)
    assert np.sqrt((last.var() + first.var()) / 5000) < 0.04
    assert check("09.3", last.mean() - first.mean()).state == CORRECT


# What is chosen is measured.


@pytest.mark.parametrize("key", CHOICES)
def test_the_expected_choice_is_the_best_of_all(key):
    exercise = EXERCISES[key]
    n = len(exercise.expected())
    measured = np.array([exercise.measured([name] * n) for name in exercise.choices])
    np.testing.assert_allclose(exercise.measured(exercise.expected()), measured.max(axis=0), rtol=exercise.rtol / 2)
    assert check(key, list(exercise.expected())).state == CORRECT


def test_an_equal_choice_is_right_and_a_wrong_one_shows_what_was_measured():
    assert check("07.4", ("CA-PG + b", "CA-PG")).state == CORRECT
    result = check("07.4", ("V-PG", "CA-PG"))
    assert result.state == NOT_YET and "Measured: 1 of 2" in result.text
    assert re.search(r"yours: \[2\.\d+, 6\.\d+\]", result.text) and "is reached after 300 steps" in result.text
    for other in ("CA-PG", ("CA-PG", "PPO"), 3.0, ("CA-PG", 1)):
        assert "two names, each one of: V-PG, V-PG + b" in check("07.4", other).text


# What has not been tried.


@pytest.mark.parametrize("key", EXERCISES)
@pytest.mark.parametrize("answer", [None, ...])
def test_no_answer_is_not_attempted(key, answer):
    assert check(key, answer).state == NOT_ATTEMPTED
    if EXERCISES[key].call:
        assert check(key, lambda *case: ...).state == NOT_ATTEMPTED


@pytest.mark.parametrize("key", CODING)
def test_a_forgotten_return_is_named(key):
    result = check(key, lambda *case: None)
    assert result.state == NOT_YET
    assert "returned nothing" in result.text and "`return`" in result.text


# What is almost right: but for sign, shape, rounding or sample.


def test_almost_by_sign_shape_and_rounding():
    exact, average = capg.list_score, EXERCISES["04.1"].expected
    assert "sign" in check("00.1", lambda logits, items: -exact(logits, items)).text
    assert check("00.1", lambda logits, items: -exact(logits, items)).state == ALMOST
    flat = check("04.1", lambda items, estimates: average(items, estimates).ravel())
    assert flat.state == ALMOST and "shape (6,) in place of (3, 2)" in flat.text
    turned = check("04.1", lambda items, estimates: average(items, estimates).T)
    assert turned.state == ALMOST and "shape (2, 3) in place of (3, 2)" in turned.text
    rounded = check("00.1", lambda logits, items: exact(logits, items).round(4))
    assert rounded.state == ALMOST and "rounded" in rounded.text
    assert check("02.3", 0.33).state == ALMOST
    assert check("04.3", EXERCISES["04.3"].expected().round(2)).state == NOT_YET  # 0.01 of 0.16 is more than rounding
    assert check("04.3", EXERCISES["04.3"].expected().round(3)).state == ALMOST


def test_almost_by_sample():
    rng = np.random.default_rng(0)

    def simulated(logits, k, n=20_000):
        order = np.argsort(-(logits + rng.gumbel(size=(n, len(logits)))), axis=1)[:, :k]
        return np.bincount(order.ravel(), minlength=len(logits)) / n

    assert check("02.2", simulated).state == ALMOST

    def score_by_noise(logits, items):
        return capg.list_score(logits, items) + rng.normal(scale=1e-3, size=len(logits))

    result = check("00.1", score_by_noise)
    assert result.state == ALMOST and "another number at every call" in result.text


def test_one_and_the_same_error_is_no_sample():
    assert check("00.1", lambda logits, items: capg.list_score(logits, items) * 1.003).state == NOT_YET


def average(items, estimates):
    return np.array([estimates[items == item].mean(axis=0) for item in items])


# What is shown: the smallest case, what must hold, and never the checker's inside.


@pytest.mark.parametrize("key", CODING)
def test_every_wrong_function_shows_the_smallest_case_that_fails(key):
    exercise = EXERCISES[key]

    def wrong(*case):
        result = exercise.expected(*case)
        return (
            tuple(part * 1.7 + 0.3 for part in result) if isinstance(result, tuple) else np.asarray(result) * 1.7 + 0.3
        )

    result = check(key, wrong)
    assert result.state == NOT_YET
    names = dict(result.rows)
    assert {"input", "yours", "expected"} <= set(names)
    smallest = min(sum(np.size(argument) for argument in case) for case in exercise.cases)
    assert len(re.findall(r"-?\d+\.?\d*(?:e[+-]?\d+)?", re.sub(r"\w+ =", "", names["input"]))) <= smallest + 1
    assert all(name in names["input"] for name in re.findall(r"\((.*)\)", exercise.call)[0].split(", "))
    assert names["yours"] != names["expected"]


@pytest.mark.parametrize("key", NUMBERS)
def test_every_wrong_number_gets_an_easier_question_with_its_answer(key):
    result = check(key, np.zeros(5) + 123.0 if key == "04.3" else 123.0)
    assert result.state == NOT_YET
    names = dict(result.rows)
    assert "123" in names["yours"]
    assert re.search(r"\d", names["an easier one"]) and "expected" not in names


BROKEN_INVARIANTS = [
    ("00.1", wrong_score(drawn_only), "A score sums to 0; yours sums to"),
    ("02.1", lambda w, k, e: np.argsort(e / np.exp(w))[:k] + 1, "The items have the numbers 0 to 2"),
    ("02.2", lambda w, k: softmax(w), "sum to K, here 2; yours sum to 1"),
    ("04.1", lambda i, e: 2 * average(i, e), "keeps the mean over all the rows"),
    ("06.2", lambda w, k: 1.0, "the expected number of arrivals is"),
    ("07.2", lambda r: r, "Advantages sum to 0; yours sum to 5"),
    ("08.1", lambda u, r: -0.5, "A share lies between 0 and 1; yours has -0.5"),
    ("09.1", lambda k, m: [k // m] * m, "add up to K, here 5; yours add up to 3"),
    ("11.1", lambda old, new, s, k, u: np.exp(new - old)[s], "chances, the weights give 1; yours give"),
    ("10.1", lambda w, first, r: np.eye(len(w))[first[0]], "Only the next arrival, here item 0, is pushed; yours"),
    ("10.2", lambda w, first, critic: 0.5, "Only the best of the first arrivals is pushed up; yours is 0.5"),
]


@pytest.mark.parametrize(("key", "answer", "words"), BROKEN_INVARIANTS, ids=[b[0] for b in BROKEN_INVARIANTS])
def test_a_broken_invariant_is_said(key, answer, words):
    assert words in check(key, answer).text


@pytest.mark.parametrize("key", CODING + NUMBERS)
def test_the_right_answer_breaks_no_invariant(key):
    exercise = EXERCISES[key]
    for case in exercise.cases:
        result = exercise.expected(*case)
        result = result if isinstance(result, tuple) else np.asarray(result, dtype=float)
        assert [invariant(result, *case) for invariant in exercise.invariants] == [""] * len(exercise.invariants)


def test_an_exception_shows_its_message_and_the_students_line():
    def helper(logits):
        return logits / 0 + undefined_name  # noqa: F821

    def broken(logits, candidates):
        return helper(logits)

    result = check("00.1", broken)
    assert result.state == NOT_YET
    assert "NameError: name 'undefined_name' is not defined" in result.text
    assert "in helper: return logits / 0 + undefined_name" in result.text
    assert "undefined_name" in result._repr_html_().partition("<details")[0]
    wrong_arity = check("00.1", lambda logits: logits)
    assert "TypeError" in wrong_arity.text and "positional argument" in wrong_arity.text


def test_an_exception_that_students_know_gets_its_hint_too():
    """An item number that is one too large runs out of an array, elsewhere than in the check."""
    assert "IndexError" in check("00.1", lambda logits, items: logits[items + 5]).text


@pytest.mark.parametrize("key", CODING)
def test_no_shape_of_joined_cases_is_shown(key):
    exercise = EXERCISES[key]
    total = sum(np.size(part) for case in exercise.cases for part in np.atleast_1d(exercise.expected(*case)))
    for answer in (np.zeros((1, 45)), np.zeros(12), lambda *case: np.zeros((3, 12)), lambda *case: 0.5):
        text = check(key, answer).text
        assert f"({total},)" not in text and f"(1, {total})" not in text


def test_the_verdict_is_never_a_hint_and_has_no_estimators_colour():
    assert not any("hint" in state for state in STATES)
    assert not {look.colour for look in LOOKS.values()} & set(_COLOURS.values())
    assert len(set(_COLOURS.values())) == len(STATES)
    for key, mistake in MISTAKES[:5]:
        result = check(key, EXERCISES[key].answer(mistake.wrong))
        assert result.text.startswith(f"Exercise {key}: not yet.")


# What is broken.

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
    lambda *case: {},
    lambda *case: [x.fill(0.5) for x in case if isinstance(x, np.ndarray)],
]


@pytest.mark.parametrize("key", EXERCISES)
def test_nothing_a_student_hands_in_raises(key):
    for answer in BROKEN:
        result = check(key, answer)
        assert result.state == NOT_YET, answer
        assert html.escape(result.summary) in result._repr_html_()
    if EXERCISES[key].call:
        assert f"Expected a function {EXERCISES[key].call}, not float" in check(key, 3.0).text
    # whatever a function did to its arguments, the next one gets them whole
    assert check(key, right(key)).state == CORRECT


def test_only_an_unknown_exercise_raises():
    with pytest.raises(ValueError, match=r"'99\.9'"):
        check("99.9", 1)


def test_several_arrays_are_asked_for_in_words():
    assert "expected two arrays: return theta, squares" in check("07.1", lambda *case: case[0][:1]).text


def test_check_reads_the_same_each_time():
    first, second = check("00.2", 1.0), check("00.2", 1.0)
    assert repr(first) == repr(second) == first.text
    assert first._repr_html_() == second._repr_html_()


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


@pytest.mark.parametrize("name", ["check", "exercise", "answers"])
def test_docstring_examples_run(name):
    # `capg_core.classroom.check` is the function, which hides the module of that name
    found = doctest.testmod(importlib.import_module(f"capg_core.classroom.{name}"))
    assert found.failed == 0
    assert found.attempted > 0 or name == "answers"
