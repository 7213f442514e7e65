"""The panel of 01 without a browser: its numbers against the core and against counting."""

from math import comb

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from panels import fresh

import capg_core as capg
from capg_core.classroom.lessons.n01_two_stage_ranking import numbers as two_stage_numbers
from capg_core.classroom.lessons.n01_two_stage_ranking import pictures as draw
from capg_core.classroom.lessons.n01_two_stage_ranking.numbers import (
    ERRS,
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


def test_blind_candidates_by_counting():
    for late_stage, best_first in (("optimal", True), ("anti", False)):
        values = []
        for person in people():
            n, q = person.n_items, np.sort(person.mean_reward)
            q = q[::-1] if best_first else q
            shown = [comb(n - h, 9) / comb(n, 10) for h in range(1, n + 1)]
            values.append(q.max() - np.dot(shown, q))
        assert two_stage_numbers.blind_curve(late_stage)[9] == pytest.approx(np.mean(values), rel=1e-9)
    means = [person.mean_reward.max() - person.mean_reward.mean() for person in people()]
    assert two_stage_numbers.blind_curve("uniform") == pytest.approx(np.full(MAX_K, np.mean(means)))


@pytest.mark.parametrize("late_stage", ["optimal", "uniform", "anti"])
@pytest.mark.parametrize("rest", RESTS)
def test_curves_are_the_exact_regret_up_to_noise(late_stage, rest):
    curve = two_stage_numbers.regret_curve(0.4, rest, late_stage)
    for k in (1, 4, 20, 80):
        exact = two_stage_numbers.expected_regret(0.4, rest, k, late_stage)
        # Stars of one draw spread by less than 1.2, and 1,800 draws are averaged: five standard errors.
        assert curve[k - 1] == pytest.approx(exact, abs=5 * 1.2 / np.sqrt(6 * two_stage_numbers.N_ORDERS))


def test_a_late_stage_that_errs_is_the_mixture_of_the_library(panel):
    panel.late_stage.value, panel.k.value = ERRS, 12
    values = [
        p.mean_reward.max()
        - capg.policy_value(
            early_logits(p, 0.3, RESTS[0]), 12, p.mean_reward, p.utility, capg.mix("optimal", "uniform", 0.2)
        )
        for p in people()
    ]
    assert panel.numbers.regret == pytest.approx(np.mean(values), abs=1e-9)
    at = {"k": 12, "quality": 0.3, "rest": RESTS[0], "late_stage": ERRS}
    draws = [drawn for seed in range(300) for drawn in numbers_at(Setting(**at, seed=seed)).draws]
    passed = np.mean([drawn.output != drawn.best_candidate for drawn in draws])
    # one time in five at random, and then the best of 12 in one case of 12: five standard errors
    assert passed == pytest.approx(0.2 * 11 / 12, abs=5 * 0.4 / np.sqrt(len(draws)))


def test_a_draw_shows_a_candidate_and_lists_are_prefixes():
    for words in two_stage_numbers.LATE_STAGES:
        at = {"quality": 0.3, "rest": RESTS[0], "late_stage": words, "seed": 3}
        short, long = (numbers_at(Setting(k=k, **at)).draws for k in (5, 30))
        for person, few, many in zip(people(), short, long, strict=True):
            assert few.output in few.candidates and len(set(few.candidates)) == 5
            assert np.array_equal(many.candidates[:5], few.candidates)
            ranks = person.rank[few.candidates]
            assert person.rank[few.best_candidate] == ranks.min()
            if words in ("picks the best", "picks the worst"):
                assert person.rank[few.output] == (ranks.min() if words == "picks the best" else ranks.max())
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


def test_the_two_parts_are_drawn_as_areas_one_on_the_other(panel):
    panel.late_stage.value = "picks at random"
    miss, mistake = (area.get_paths()[0].vertices[:, 1] for area in panel._areas)
    assert miss.max() == pytest.approx(panel.numbers.miss_curve.max())
    assert mistake.max() == pytest.approx(panel.numbers.curve.max()) and mistake.min() < miss.max()
    said = [words for _, _, words, _ in panel._words.lines]
    assert {"0.5", "2.0"} <= set(said) and "4.0" not in said
    for words in (f"mistake: {panel.numbers.mistake:.2f} stars", f"miss: {panel.numbers.miss:.2f} stars"):
        assert any(words in line for line in said)
    for person, drawn in zip(people(), panel.numbers.draws, strict=True):
        title = person.titles[drawn.output]
        assert any(line.startswith(f"user {person.user}: {title[:20]}") for line in said)


def test_with_the_worst_late_stage_the_axis_is_twice_as_high(panel):
    panel.late_stage.value = "picks the worst"
    assert {"1.0", "4.0"} <= {words for _, _, words, _ in panel._words.lines}
    assert 2.0 * panel._areas[1].get_paths()[0].vertices[:, 1].max() == pytest.approx(panel.numbers.curve.max())


def test_style(panel):
    assert panel._total.get_color() == panel._films.get_color() == INK
    colours = [tuple(area.get_facecolor()[0]) for area in panel._areas]
    assert colours == [to_rgba(PETROFF["tan"]), to_rgba(PETROFF["cyan"])]


# The pictures between the cells.


def test_a_draw_names_what_is_shown_where_films_share_their_stars():
    stars = np.array([4.0, 4.0, 4.0, 1.0])
    picture = draw.one_draw(["A" * 60, "B", "C", "D"], stars, [3], 3)
    assert picture.text.startswith("4 films; 1 candidate, of which D with 1 star is shown.")
    assert "4 stars" in picture.text


def test_values_against_k_say_where_they_begin_and_end():
    flat = draw.late_stages([1, 2, 3], {"picks the best": [4.0, 4.5, 5.0], "picks at random": [4.0, 4.0, 4.0]}, 3.0)
    assert "from 4.00 to 5.00 stars if the late stage picks the best and from 4.00 to 4.00" in flat.text
    assert "from 1.00 up to 3.00" in draw.towards_the_mean([1, 2], [4.0, 3.0], [1.0, 3.0], 3.0).text


def test_the_area_is_the_regret_whatever_films_share_their_stars():
    lost = np.array([0.0, 0.0, 1.0, 3.0])
    missed, sure = np.array([0.9, 0.5, 0.25, 0.0]), np.ones(4)
    # 1 star times .5, and 2 stars times .25
    assert draw.area(lost, missed, sure).text.endswith("regret: 1.00 stars, and 3.00 with blind candidates.")


def test_the_best_k_is_where_the_regret_is_smallest():
    said = draw.best_k(np.arange(1, 4), {0.5: np.array([1.0, 0.4, 0.6]), 1.0: np.array([0.2, 0.4, 0.6])}).text
    assert "at K = 2 (0.40 stars) if the late stage picks at random 50 % of the time" in said
    assert "at K = 1 (0.20 stars) if the late stage picks at random 100 %" in said


def test_the_bound_and_what_is_needed_are_said_in_numbers():
    chances = np.full(45, 0.2)
    said = draw.bound({"blind": (chances, chances * 0.5), "other": (chances, chances)}).text
    assert "blind: the best film is a candidate with probability 0.20 and shown with 0.10" in said
    said = draw.needed([0.5], [11], [[3, 54, 20]], 43).text
    assert said == "Candidates needed: blind 43; quality 0.5: 11 here, 3 to 54 with other noise."
