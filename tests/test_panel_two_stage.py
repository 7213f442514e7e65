"""The panel of 01 without a browser: its numbers against the core and against counting."""

from math import comb

import numpy as np
import pytest
from panels import fresh

import capg_core as capg
from capg_core.classroom.lessons.n01_two_stage_ranking import numbers as two_stage_numbers
from capg_core.classroom.lessons.n01_two_stage_ranking.numbers import (
    MAX_K,
    RESTS,
    Setting,
    early_logits,
    numbers_at,
    people,
)
from capg_core.look import INK, PETROFF


@pytest.fixture
def panel():
    return fresh("TwoStagePanel")


def test_people_have_few_best_films_and_different_utilities():
    assert len(people()) == two_stage_numbers.N_USERS
    for person in people():
        top = person.mean_reward.max()
        assert 100 <= person.n_items <= 150 and np.sum(person.mean_reward == top) <= 6
        assert person.mean_reward[person.best] == top and person.rank[person.best] == 1
        assert len(set(person.utility)) == person.n_items
        # The late stage never prefers a film with fewer stars.
        assert np.all(np.diff(person.mean_reward[np.argsort(person.rank)]) <= 0)


def test_sentence_agrees_with_the_core(panel):
    panel.late_stage.value, panel.k.value, panel.quality.value = "picks at random", 7, 0.5
    expected = {"optimal": [], "uniform": []}
    blind = []
    for person in people():
        logits, q = early_logits(person, 0.5, RESTS[0]), person.mean_reward
        pi = capg.inclusion_probabilities(logits, 7)
        rho = capg.outcome_probabilities(logits, 7, person.utility)
        expected["uniform"].append(q.max() - pi @ q / 7)
        expected["optimal"].append(q.max() - rho @ q)
        blind.append(q.max() - q.mean())
    total, miss = np.mean(expected["uniform"]), np.mean(expected["optimal"])
    assert panel.numbers.regret == pytest.approx(total, abs=1e-9)
    assert panel.numbers.miss == pytest.approx(miss, abs=1e-9)
    assert f"regret {total:.2f} stars, of which {miss:.2f} because" in panel.text
    assert panel.text.endswith(f"would have {np.mean(blind):.2f}.")


def test_random_candidates_by_counting():
    values = []
    for person in people():
        n, q = person.n_items, person.mean_reward[np.argsort(person.rank)]
        shown = [comb(n - m, 9) / comb(n, 10) for m in range(1, n + 1)]
        values.append(q.max() - np.dot(shown, q))
    assert two_stage_numbers.uniform_regret(10, "optimal") == pytest.approx(np.mean(values), rel=1e-9)


@pytest.mark.parametrize("late_stage", ["optimal", "uniform", "anti"])
@pytest.mark.parametrize("rest", RESTS)
def test_curves_are_the_exact_regret_up_to_noise(late_stage, rest):
    curve = two_stage_numbers.regret_curve(0.4, rest, late_stage)
    for k in (1, 4, 20, 80):
        exact = two_stage_numbers.expected_regret(0.4, rest, k, late_stage)
        # Stars of one draw spread by less than 1.2, and 1,800 draws are averaged: five standard errors.
        assert curve[k - 1] == pytest.approx(exact, abs=5 * 1.2 / np.sqrt(6 * two_stage_numbers.N_ORDERS))
    ks, blind = two_stage_numbers.uniform_curve(late_stage)
    assert ks[0] == 1 and ks[-1] == MAX_K and np.all(np.isfinite(blind))


def test_a_draw_shows_a_candidate_and_lists_are_prefixes():
    for words, late_stage in two_stage_numbers.LATE_STAGES.items():
        at = {"quality": 0.3, "rest": RESTS[0], "late_stage": words, "seed": 3}
        short, long = (numbers_at(Setting(k=k, **at)).draws for k in (5, 30))
        for person, few, many in zip(people(), short, long, strict=True):
            assert few.output in few.candidates and len(set(few.candidates)) == 5
            assert np.array_equal(many.candidates[:5], few.candidates)
            ranks = person.rank[few.candidates]
            if late_stage != "uniform":
                assert person.rank[few.output] == (ranks.min() if late_stage == "optimal" else ranks.max())
            assert few.regret == person.mean_reward.max() - person.mean_reward[few.output]


def test_draws_follow_the_model():
    # The first candidate is a softmax draw: over 2,000 seeds, the mean rating within five standard errors.
    person = people()[0]
    logits = early_logits(person, 0.3, RESTS[0])
    at = {"k": 1, "quality": 0.3, "rest": RESTS[0], "late_stage": "picks the best"}
    setting = [Setting(**at, seed=seed) for seed in range(2000)]
    seen = np.array([person.mean_reward[two_stage_numbers.draw_of(person, s).output] for s in setting])
    exact = capg.policy_value(logits, 1, person.mean_reward, person.utility)
    assert abs(seen.mean() - exact) < 5 * seen.std() / np.sqrt(2000)


def test_quality_lowers_the_regret_of_a_perfect_late_stage(panel):
    regrets = []
    for quality in (0.0, 0.5, 1.0):
        panel.quality.value = quality
        regrets.append(panel.numbers.regret)
        assert panel.numbers.mistake == 0.0
    assert regrets[0] > regrets[1] > regrets[2] >= 0


def test_new_draw_leaves_the_expectation(panel):
    before, draws = panel.numbers.regret, panel.numbers.draws
    panel.new_noise.click()
    assert panel.numbers.regret == before
    assert any(set(old.candidates) != set(new.candidates) for old, new in zip(draws, panel.numbers.draws, strict=True))


def test_style(panel):
    assert panel._total.get_color() == INK
    assert panel._miss.get_color() == PETROFF["orange"] and panel._miss.get_linestyle() == "--"
    assert panel._random.get_color() == PETROFF["grey"] and panel._random.get_linestyle() == ":"
