"""The panel of 02 without a browser: its numbers against enumeration and simulation, and what Play and Step do."""

from itertools import combinations, permutations

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from panels import fresh

import capg_core as capg
from capg_core.classroom import RacePanel
from capg_core.classroom.lessons.n02_the_race import numbers as race_numbers
from capg_core.classroom.lessons.n02_the_race import pictures as draw
from capg_core.classroom.lessons.n02_the_race.numbers import (
    MARKED,
    MOMENTS,
    N_ITEMS,
    N_RACES,
    Setting,
    count_at_most,
    numbers_at,
)
from capg_core.look import INK, PETROFF


@pytest.fixture
def panel():
    return fresh("RacePanel")


def at(**changed):
    return numbers_at(Setting(**{"clock": MOMENTS, "races": 0, "k": 5, "logit": 0.0, "seed": 0, **changed}))


def times_of(race):
    return race_numbers.noise(0)[race] / np.exp(race_numbers.logits_with(0.0))


def test_exact_probability_by_adding_up_lists():
    logits = race_numbers.logits_with(1.0)
    total = np.zeros(N_ITEMS)
    lists = np.array(list(permutations(range(N_ITEMS), 3)))
    for column in lists.T:
        np.add.at(total, column, np.exp(capg.list_log_prob(logits, lists)))
    assert at(k=3, logit=1.0).exact == pytest.approx(total, abs=1e-9)


@pytest.mark.parametrize("k", [1, 5, 11])
@pytest.mark.parametrize("logit", [-4.0, 0.0, 4.0])
def test_the_counts_are_near_the_line(k, logit):
    numbers = at(races=N_RACES - 1, logit=logit, k=k)
    assert numbers.n_closed == N_RACES and numbers.counts.sum() == k * N_RACES
    # Five standard errors of 2,000 races: a false alarm has probability below 1e-4 over all these cases.
    error = np.sqrt(numbers.exact * (1 - numbers.exact) * N_RACES)
    assert np.all(np.abs(numbers.counts - numbers.expected) <= 5 * error + 2)


def test_the_histogram_grows_race_by_race():
    before = at(races=0, clock=0)
    assert before.counts.sum() == before.n_closed == 0
    total = np.zeros(N_ITEMS)
    for race in range(30):
        first = np.argsort(times_of(race))[:5]
        open_, closed = at(races=race, clock=0), at(races=race)
        assert np.array_equal(open_.counts, total)
        total[first] += 1
        assert np.array_equal(closed.counts, total) and closed.n_closed == race + 1


def test_nothing_arrives_before_the_start_and_all_that_is_in_has_come(panel):
    panel.clock.value = 0
    assert len(panel.numbers.arrived) == 0 and panel._first.get_xdata().size == panel._late.get_xdata().size == 0
    assert "open at t = 0.000, and nobody is in. No race has closed yet." in panel.text
    for clock in range(0, MOMENTS + 1, 5):
        panel.clock.value = clock
        numbers, times = panel.numbers, times_of(0)
        assert set(numbers.arrived) == set(np.flatnonzero(times <= numbers.t))
        assert np.all(panel._first.get_xdata() <= clock / MOMENTS + 1e-12)
        assert len(panel._first.get_xdata()) == min(5, np.sum(times <= numbers.t))
        assert numbers.closed == (np.sum(times <= numbers.t) >= 5)
    assert numbers.closed


def test_the_race_drawn_is_what_the_sentence_says(panel):
    panel.clock.value = MOMENTS
    first = np.argsort(times_of(0))[:5]
    listed = ", ".join(map(str, first[:-1])) + f" and {first[-1]}"
    assert f"closed at t = {np.sort(times_of(0))[4]:.3f}, and its candidates" in panel.text
    assert f"in order of arrival, are items {listed}." in panel.text
    assert "In 1 race, item 0 was a candidate 1 time" in panel.text
    panel.clock.value = 1
    assert f"open at t = {panel.numbers.end / MOMENTS:.3f}" in panel.text


def test_every_race_closes_before_the_end_of_its_axis():
    for k in (1, 5, 11):
        races = race_numbers.races_of(4.0, k, 0)
        ends = np.array([races.end(race) for race in range(N_RACES)])
        assert np.all(ends > races.closing)
        assert np.mean(ends == races.usual) > 0.85  # the axis hardly ever changes from race to race


def test_a_logit_moves_only_its_item():
    before, after = at().times, at(logit=1.5).times
    assert np.log(before[MARKED] / after[MARKED]) == pytest.approx(1.5)
    assert np.array_equal(np.delete(before, MARKED), np.delete(after, MARKED))


def test_step_goes_from_arrival_to_arrival_and_then_to_the_next_start(panel):
    panel.clock.value, arrived = 0, []
    while not panel.numbers.closed:
        before = len(panel.numbers.arrived)
        panel.step_button.click()
        assert len(panel.numbers.arrived) > before and panel.error == ""
        arrived.append(len(panel.numbers.arrived))
    assert arrived[-1] >= 5 and panel.races.value == 0
    panel.step_button.click()
    assert (panel.clock.value, panel.races.value) == (0, 1) and panel.numbers.n_closed == 1


def test_play_runs_races_one_after_the_other_and_stop_begins_again(panel):
    panel.clock.value, panel.play.value = 0, 0
    seen = []
    for _ in range(200):
        panel.play.value += 1
        seen.append((panel.races.value, panel.clock.value))
    assert seen == sorted(seen) and panel.races.value >= 3 and panel.error == ""
    assert {race for race, _ in seen} == set(range(panel.races.value + 1))
    race = panel.races.value
    panel.play.value = 0  # as the button does that stops
    assert (panel.races.value, panel.clock.value) == (race, 0)
    panel.pace.value = "race by race"
    panel.play.value += 1
    assert panel.races.value == race + 1 and panel.numbers.closed
    panel.pace.value = "25 races at a time"
    panel.play.value += 1
    assert panel.numbers.n_closed == race + 27
    panel.pace.value = "moment by moment"


def test_play_ends_with_the_last_race_and_a_new_panel_stops_an_old_one(panel):
    panel.races.value, panel.pace.value = N_RACES - 3, "25 races at a time"
    panel.play.playing = True
    panel.play.value += 1
    assert panel.numbers.n_closed == N_RACES and panel.play.playing
    panel.play.value += 1
    assert panel.numbers.n_closed == N_RACES and not panel.play.playing
    panel.step_button.click()
    assert panel.numbers.n_closed == N_RACES and panel.error == ""
    panel.pace.value = "moment by moment"
    panel.play.playing = True
    new = RacePanel()
    assert not panel.play.playing and not new.play.playing


def test_lanes_show_their_weights(panel):
    widths = panel._lanes.get_linewidths()
    assert np.all(np.diff(widths) < 0)
    said = [words for _, _, words, _ in panel._words.lines]
    weights = np.exp(race_numbers.logits_with(0.0))
    assert all(f"{item}: w = {weight:.2f}" in said for item, weight in enumerate(weights))


def test_the_line_is_drawn_over_the_bars(panel):
    panel.races.value, panel.clock.value = 99, MOMENTS
    numbers = panel.numbers
    bars = np.array([segment[1][0] for segment in panel._bars.get_segments()])
    line = np.asarray(panel._exact.get_xdata())[::2]
    assert bars * 100 == pytest.approx(numbers.counts) and line == pytest.approx(numbers.exact)
    assert panel._exact.get_zorder() > panel._bars.get_zorder()


def test_count_is_a_poisson_binomial():
    chances = np.array([0.2, 0.5, 0.9, 0.3])
    for most in range(4):
        exact = sum(
            np.prod([c if i in here else 1 - c for i, c in enumerate(chances)])
            for size in range(most + 1)
            for here in combinations(range(4), size)
        )
        assert count_at_most(chances, most) == pytest.approx(exact)


def test_style(panel):
    assert tuple(panel._bars.get_colors()[MARKED]) == to_rgba(PETROFF["cyan"])
    assert panel._first.get_color() == panel._exact.get_color() == INK


# The pictures between the cells.


def test_draws_one_by_one_are_said_with_their_softmax():
    said = draw.one_by_one(np.array([2.0, 1.0, 1.0]), [0, 2, 1]).text
    assert said == "Drawn: 0 with probability 0.50, then 2 with probability 0.50, then 1 with probability 1.00."


def test_the_first_arrival_and_what_is_left_are_said_in_numbers():
    waits = {"all": np.array([0.2, 0.4]), "of one": np.array([0.1])}
    said = draw.first_arrival(np.array([1.0]), np.array([1.0]), 2.0, waits).text
    assert said.endswith("The mean winning time is 0.300 (all) and 0.100 (of one); 1 / W is 0.500.")
    assert (
        draw.memory(waits, 4.0).text == "The mean time still to go is 0.300 (all) and 0.100 (of one); 1 / w is 0.250."
    )


def test_the_clock_and_its_errors_are_said_in_numbers():
    ones = np.array([1.0, 0.25])
    assert draw.clock({1: (0.5, ones, ones - 0.125)}).text == "K = 1: clock 0.500, largest error 0.125."
    said = draw.closing({"two\nrows": (np.array([1.0, 3.0]), 0.25, 0.456), "one": (np.ones(5), 2.0, 0.0)}).text
    assert "two rows: the closing time spreads by 50 %, sum of pi (1 - pi) is 0.2, largest error of pi 46 %" in said
    assert "one: the closing time spreads by 0 %" in said


def test_the_ratio_and_the_area_are_said_in_numbers():
    ks, heavy = np.arange(1, 4), np.array([0.5, 0.75, 1.0])
    assert (
        "5.0 times as often at K = 1, and 2.0 times at K = 3" in draw.ratio(ks, heavy, np.array([0.1, 0.2, 0.5])).text
    )
    t = np.exp(np.linspace(-9, 3, 200))
    assert draw.integral(t, t * np.exp(-t), np.zeros(200), 0.0).text.startswith(
        "The area under density times room is 0.000"
    )
