"""The panel of 02 without a browser: its numbers against enumeration and simulation."""

from itertools import combinations, permutations

import numpy as np
import pytest
from panels import fresh

import capg_core as capg
from capg_core.classroom.lessons.n02_the_race import numbers as race_numbers
from capg_core.classroom.lessons.n02_the_race.numbers import (
    MARKED,
    N_RACES,
    N_RUNNERS,
    NAMES,
    Setting,
    count_at_most,
    numbers_at,
)
from capg_core.look import INK, PAPER, PETROFF


@pytest.fixture
def panel():
    return fresh("RacePanel")


def test_exact_probability_by_adding_up_lists(panel):
    panel.k.value, panel.logit.value = 3, 1.0
    logits = race_numbers.logits_with(1.0)
    total = np.zeros(N_RUNNERS)
    lists = np.array(list(permutations(range(N_RUNNERS), 3)))
    for column in lists.T:
        np.add.at(total, column, np.exp(capg.list_log_prob(logits, lists)))
    assert panel.numbers.exact == pytest.approx(total, abs=1e-9)
    assert f"is a candidate with probability {total[MARKED]:.3f}" in panel.text


@pytest.mark.parametrize("k", [1, 5, 11])
@pytest.mark.parametrize("logit", [-4.0, 0.0, 4.0])
def test_simulated_is_near_exact_and_the_area_fills(k, logit):
    numbers = numbers_at(Setting(t=49.0, logit=logit, k=k, seed=0))
    assert numbers.simulated.sum() == pytest.approx(k) and numbers.exact.sum() == pytest.approx(k)
    # Five standard errors of 2,000 races: a false alarm has probability below 1e-4 over all these cases.
    error = np.sqrt(numbers.exact * (1 - numbers.exact) / N_RACES)
    assert np.all(np.abs(numbers.simulated - numbers.exact) <= 5 * error + 2 / N_RACES)
    assert numbers.filled == pytest.approx(numbers.exact[MARKED], abs=1e-4)


def test_area_up_to_the_clock_is_the_probability_to_arrive_by_then_and_be_in(panel):
    panel.t.value, panel.k.value = 10**-0.5, 4
    numbers, seed = panel.numbers, np.random.default_rng(77)
    weights = np.exp(race_numbers.logits_with(0.0))
    times = seed.standard_exponential((200_000, N_RUNNERS)) / weights
    closing = np.partition(times, 3, axis=1)[:, 3]
    seen = np.mean((times[:, MARKED] <= closing) & (times[:, MARKED] <= numbers.setting.t))
    assert numbers.filled == pytest.approx(seen, abs=5 * 0.5 / np.sqrt(200_000))
    assert f"The area up to t is {numbers.filled:.3f}" in panel.text


def test_the_race_drawn_is_what_the_sentence_says(panel):
    panel.t.value = 10**-0.5
    times = race_numbers.noise(0)[0] / np.exp(race_numbers.logits_with(0.0))
    first = np.argsort(times)[:5]
    assert f"in order of arrival, are {', '.join(NAMES[i] for i in first)}." in panel.text
    assert f"closes at time {np.sort(times)[4]:.3f}" in panel.text
    by_t = -np.expm1(-np.exp(race_numbers.logits_with(0.0)) * panel.t.value)
    assert f"{np.sum(times <= panel.t.value)} have arrived; {by_t.sum():.2f} are expected" in panel.text


def test_a_logit_moves_only_its_runner(panel):
    before = panel.numbers.times
    panel.logit.value = 1.5
    after = panel.numbers.times
    assert np.log(before[MARKED] / after[MARKED]) == pytest.approx(1.5)
    assert np.array_equal(np.delete(before, MARKED), np.delete(after, MARKED))


def test_count_is_a_poisson_binomial():
    chances = np.array([0.2, 0.5, 0.9, 0.3])
    for most in range(4):
        exact = sum(
            np.prod([c if i in here else 1 - c for i, c in enumerate(chances)])
            for size in range(most + 1)
            for here in combinations(range(4), size)
        )
        assert count_at_most(chances, most) == pytest.approx(exact)


@pytest.mark.parametrize("t", [0.01, 10**1.5])
@pytest.mark.parametrize("logit", [-4.0, 4.0])
def test_extremes_keep_every_runner_in_sight(panel, t, logit):
    panel.t.value, panel.logit.value = t, logit
    for k in (1, 11):
        panel.k.value = k
    # Every runner's dot lies on the axes or at their edge.
    for dots in (panel._first, panel._late):
        x = np.asarray(dots.get_xdata())
        assert np.all((x >= race_numbers.START) & (x <= race_numbers.END))


def test_style(panel):
    assert panel._clock.get_color() == panel._bars[MARKED].get_color() == PETROFF["orange"]
    assert panel._first.get_color() == INK and panel._late.get_color() == PAPER
