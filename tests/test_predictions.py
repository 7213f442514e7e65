"""The predictions: answered at once, kept over Run All, spoiled by nothing that is stored, and true."""

import contextlib
import doctest
import importlib
import io
import json
import threading
from pathlib import Path

import numpy as np
import pytest

import capg_core as capg
from capg_core.classroom import Predict, predict
from capg_core.classroom.exercises import LESSONS
from capg_core.classroom.lessons.n07_training_race.numbers import lead_of, recorded
from capg_core.classroom.prediction import prediction_of, predictions_of

ROOT = Path(__file__).resolve().parents[1]
ALL = {key: found for number in LESSONS for key, found in predictions_of(number).items()}


@pytest.fixture(autouse=True)
def fresh_kernel(monkeypatch):
    monkeypatch.setattr(predict, "_RECORDED", {})


def answered(key, words):
    ask = Predict(key)
    ask.choice.value = words
    ask.button.click()
    return ask


def printed(ask):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        ask.reveal()
    return out.getvalue()


@pytest.mark.parametrize("key", ALL)
def test_every_option_is_answered_at_once_with_a_line_of_its_own(key, monkeypatch):
    found = ALL[key]
    assert sum(option.holds for option in found.options) == 1
    assert len({option.said for option in found.options}) == len(found.options)
    for option in found.options:
        monkeypatch.setattr(predict, "_RECORDED", {})
        ask = answered(key, option.words)
        assert ask.guess == option.words
        assert option.said in ask.said and found.answer.words in ask.said
        assert ("That is what happens" in ask.said) == option.holds
        assert 'role="status"' in ask.state.value and "You guessed" in ask.state.value
        assert printed(ask) == ask.said + "\n"


def test_a_choice_that_comes_just_after_the_click_on_another_thread_counts():
    """As where Lab handles each widget's messages on a thread of its own."""
    older, newer = (option.words for option in ALL["00"].options[:2])
    ask = Predict("00")
    ask.choice.value = older
    click = threading.Thread(target=ask.button.click)
    click.start()
    ask.choice.value = newer
    click.join()
    assert ask.guess == newer


@pytest.mark.parametrize("key", ALL)
def test_without_a_guess_nothing_is_said(key):
    ask = Predict(key)
    assert ask.guess is None and ask.said == "" and printed(ask) == ""
    assert ask.choice.value is None
    text = ask._repr_mimebundle_()["text/plain"]
    assert all(option.words in text for option in ALL[key].options)
    assert not any(option.said in text for option in ALL[key].options)
    ask.choice.value = ALL[key].options[0].words  # chosen, not recorded
    assert ask.said == "" and ALL[key].options[0].said not in ask.state.value
    ask = Predict(key)
    ask.button.click()
    assert ask.guess is None and "Choose one of the options first" in ask.state.value


def test_a_guess_survives_run_all_and_the_first_one_counts():
    first = answered("00", "about 20 times larger")
    again = Predict("00")  # the cell runs once more
    assert again.guess == "about 20 times larger" and again.choice.value == again.guess
    assert first.said == again.said and again.said in again.state.value.replace("&#x27;", "'")
    again.choice.value = "about 50 times larger"
    again.button.click()
    assert again.guess == "about 20 times larger"
    assert Predict("01").guess is None


def test_another_option_after_recording_says_what_holds():
    ask = answered("00", "about 20 times larger")
    ask.choice.value = "about the same"
    said = ask.state.value
    assert "Your recorded guess stays: about 20 times larger" in said
    assert "Every draw adds a surprise" in said and "What happens: about 50 times larger" in said
    ask.choice.value = "about 50 times larger"
    assert "That is what happens" in ask.state.value
    ask.choice.value = "about 20 times larger"
    assert ask.state.value.count("You guessed") == 1


def test_only_an_unknown_prediction_raises():
    with pytest.raises(ValueError, match="'99'"):
        Predict("99")
    with pytest.raises(ValueError, match="'00c'"):
        Predict("00c")


def test_the_answer_is_at_no_one_place():
    """Not the last option as a rule, nor any other."""
    places = [
        [option.holds for option in found.options].index(True) / (len(found.options) - 1) for found in ALL.values()
    ]
    assert 1.0 not in places
    assert len(set(places)) >= 3


@pytest.mark.parametrize("path", sorted((ROOT / "notebooks").glob("*.ipynb")), ids=lambda path: path.stem)
def test_no_source_and_no_stored_text_says_which_option_holds(path):
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            source = "".join(cell["source"])
            stored = json.dumps([output for output in cell["outputs"]], ensure_ascii=False)
            for found in predictions_of(path.stem[:2]).values():
                assert found.answer.words not in source
                assert not any(option.said in stored for option in found.options)
                if "Predict(" not in source:
                    assert found.answer.words not in stored
            if ".reveal()" in source:
                assert "guess" not in stored, "a notebook is stored without a guess"


def test_the_instructors_guide_knows_the_answers():
    rows = (
        (ROOT / "notebooks" / "INSTRUCTOR.md").read_text(encoding="utf-8").partition("## What to ask")[2].splitlines()
    )
    for key, found in ALL.items():
        assert any(row.startswith(f"| {key[:2]} |") and found.answer.words in row for row in rows), key


def test_docstring_examples_run():
    for name in ("predict", "prediction"):
        assert doctest.testmod(importlib.import_module(f"capg_core.classroom.{name}")).failed == 0


# What is said to hold is measured.


@pytest.fixture(scope="module")
def hundred():
    rng = np.random.default_rng(0)
    return rng.normal(size=100), rng.random(100)


def variance(problem, k, estimator, n=2000):
    return capg.gradient_diagnostics(*problem[:1], k, problem[1], estimator, n_samples=n, rng=np.random.default_rng(1))


def test_00_and_03_hold(hundred):
    one, twenty = variance(hundred, 1, "V-PG"), variance(hundred, 20, "V-PG")
    assert 45 < twenty.variance / one.variance < 56
    assert 100_000 < twenty.variance / twenty.signal**2 < 160_000
    five = variance(hundred, 5, "V-PG")
    assert 4000 < five.variance / five.signal**2 < 10_000
    assert twenty.variance**0.5 / twenty.signal == pytest.approx(360, rel=0.05)


def test_01_holds():
    assert 20 / 104 == pytest.approx(1 / 5, abs=0.01)
    rng = np.random.default_rng(0)
    p = capg.load_ratings().user_problem(67)
    taste = (p.utility - p.utility.mean()) / p.utility.std()
    mixed = 0.8 * taste + 0.6 * rng.normal(size=len(taste))
    values = [
        capg.policy_value(2 * mixed / mixed.std(), k, p.mean_reward, p.utility, "uniform") for k in (1, 5, 20, 50)
    ]
    assert np.all(np.diff(values) < 0)


def test_02_holds():
    logits = np.linspace(1.5, -1.5, 12)
    logits[5] = 0.0
    pi = capg.inclusion_probabilities(logits, 5)
    assert pi[0] / pi[11] == pytest.approx(9.4, abs=0.1)
    assert np.exp(3.0) == pytest.approx(20, abs=0.2)


def test_04_holds(hundred):
    share = {
        k: variance(hundred, k, "Set-PG", 200).variance / variance(hundred, k, "V-PG", 200).variance for k in (20, 80)
    }
    assert 0.9 < share[20] < 1.0
    assert 0.4 < share[80] < 0.6


def test_05_holds():
    logits, reward = np.random.default_rng(1).normal(size=20), np.linspace(1.0, 0.0, 20)
    stage = capg.mix("uniform", "anti", 0.2)
    truth = capg.policy_gradient(logits, 5, reward, reward, stage)

    def angle(added):
        mean = capg.expected_estimate(logits, 5, reward + added, "CA-PG", utility=reward, late_stage=stage)
        return np.degrees(np.arccos(mean @ truth / np.linalg.norm(mean) / np.linalg.norm(truth))), np.linalg.norm(mean)

    assert angle(2.0)[0] == pytest.approx(144, abs=1) and angle(0.5)[0] < 45
    assert angle(2.0)[1] > angle(0.0)[1]


def test_06_holds(hundred):
    exact, paper = (capg.inclusion_probabilities(hundred[0], 20, how) for how in ("exact", "paper"))
    assert paper.sum() == pytest.approx(23, abs=0.5)
    assert np.max(paper / exact) - 1 == pytest.approx(0.22, abs=0.01)


def test_07_holds():
    curves = recorded()
    lead = lead_of({name: curves[name] for name in ("V-PG + b", "CA-PG")})
    assert lead.ahead == "CA-PG" and lead.end / lead.begin == pytest.approx(30, rel=0.15)
    lead = lead_of({name: curves[name] for name in ("V-PG", "CA-PG")})
    assert lead.end / lead.begin > 100
    # what is recorded is what one trains
    steps, values = curves["V-PG + b"]
    again = capg.train(
        capg.SyntheticWorld(), "V-PG", 10, n_steps=50, learning_rate=0.1, baseline="mean", seed=0, eval_every=25
    )
    np.testing.assert_array_equal(again.steps, steps[:3])
    np.testing.assert_allclose(again.policy_value, values[:3], atol=1e-3)


def test_07b_holds():
    world = capg.SyntheticWorld(200, 200)
    blind = capg.World(np.ones((200, 200)), 0.0, utility=world.utility)
    settings = {"n_steps": 300, "learning_rate": 0.1, "seed": 0, "eval_every": 300}
    saw, never = (capg.train(w, "CA-PG", 10, **settings).model for w in (world, blind))
    random = capg.uniform_value(world, 10)
    gained = [capg.evaluate(model, world, 10) - random for model in (saw, never)]
    assert gained[0] > 1.5 and gained[1] / gained[0] == pytest.approx(1, abs=0.1)


def test_08_holds():
    settings = {"learning_rate": 0.1, "seed": 0}
    fitted = capg.observed_films("fitted")
    ends = [
        capg.train(fitted, name, 20, n_steps=200, eval_every=200, baseline=baseline, **settings).policy_value[-1]
        for name, baseline in (("CA-PG", None), ("V-PG", "mean"))
    ]
    assert ends[0] < ends[1] - 0.1


def test_09_holds():
    from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import (
        brought_in,
        expert_logits,
        near,
        thinned_clock,
    )

    drawn_by = brought_in(thinned_clock(expert_logits(2, 180.0), [20, 20]))
    assert drawn_by[:, near(0)].sum() == pytest.approx(13, abs=0.5)
    assert near(0).sum() == 16


def test_10_holds(hundred):
    logits, q = hundred
    first = capg.sample_candidates(logits, 21, np.random.default_rng(5), 4000)
    shown, left = q[first[:, :20]].max(axis=1), np.sort(q[first], axis=1)
    changed = np.where(left[:, -1] > shown, 20, 1)  # the next arrival is the best, or it is not
    brute = [
        sum(q[np.append(np.delete(row[:20], c), row[20])].max() != q[row[:20]].max() for c in range(20))
        for row in first[:200]
    ]
    assert changed[:200].tolist() == brute
    assert np.mean(changed == 20) == pytest.approx(1 / 21, abs=0.012)  # three standard errors

    def angle(k):
        truth, found = capg.policy_gradient(logits, k, q), []
        for seed in range(20):
            critic = q + 0.1 * np.random.default_rng(100 + seed).normal(size=100)
            mean = capg.expected_estimate(logits, k, q, "Swap-PG", critic=critic)
            found.append(np.degrees(np.arccos(mean @ truth / np.linalg.norm(mean) / np.linalg.norm(truth))))
        return np.median(found)

    assert np.std(q) == pytest.approx(0.3, abs=0.02)
    assert angle(20) == pytest.approx(68, abs=2)
    assert angle(1) == pytest.approx(20, abs=4) == angle(2)


def test_11_holds():
    """Of 100 logs, stored; and of nine that are drawn here."""
    from capg_core.classroom.lessons.n11_old_logs_new_policy import numbers

    at = numbers.MOVES.index(1.0)
    by_list, by_outcome = numbers.spread()[:, :2, 19, at].T
    assert by_list * numbers.N_RECORDS == pytest.approx([2, 12, 50], rel=0.3)
    assert by_outcome == pytest.approx([0.21, 0.52, 0.76], rel=0.1)
    assert numbers.spread()[1, 0, 0, at] * numbers.N_RECORDS == pytest.approx(9000, rel=0.1)
    sizes = []
    for seed in range(9):
        weights = numbers.log_weights(seed, 1.0, 20)
        sizes.append([numbers.effective_size(weights[name]) for name in ("list", "outcome")])
    few, half = np.median(sizes, axis=0)
    assert 5 < few < 30 and 0.4 < half / numbers.N_RECORDS < 0.65


def test_each_is_found_by_its_key():
    assert all(prediction_of(key) is found for key, found in ALL.items())
