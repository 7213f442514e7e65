"""The pictures of 05 and 07, and what the training panel says of who leads and of the most that is possible."""

from itertools import combinations

import numpy as np
import pytest

import capg_core as capg
from capg_core.classroom import TrainingPanel, pictures_of
from capg_core.classroom.lessons.n07_training_race.numbers import best_value, lead_of, random_value, recorded
from capg_core.classroom.lessons.n07_training_race.panel import IN_LOG_STEPS, IN_SECONDS

bias, race = pictures_of("05"), pictures_of("07")


# 05


def test_angle_of_a_vector_of_length_zero_is_not_a_number():
    assert np.isnan(bias.angle_between(np.zeros(3), np.ones(3)))
    assert bias.angle_between(np.array([1.0, 1.0]), np.array([-1.0, -1.0])) == pytest.approx(180)


def test_two_sums_says_lengths_and_angle():
    said = bias.two_sums({"even": (np.array([0.0, 2.0]), np.array([2.0, 0.0]))}).text
    assert said == (
        "even: CA-PG's mean has length 2.000, what it leaves out 2.828, the true gradient 2.000; angle 90°."
    )


def test_turn_gives_the_angle_of_a_sum():
    truth, drift = np.array([1.0, 0.0]), np.array([-1.0, 0.0])
    said = bias.turn(truth, truth, drift, (0, 0.5, 2)).text
    assert said.endswith("0° with 0 added, 0° with 0.5 added and 180° with 2 added.")


def test_healing_finds_the_lowest_value_and_the_least_angle():
    said = bias.healing([0.5, 0.2, 0.6], [120.0, 10.0], [0.1, 0.9, 1.0], 0.8, 0.7).text
    assert "from 0.50 down to 0.20 at step 1, and then up to 0.60" in said
    assert "120° at first and 10° after step 1" in said and "cannot pass 0.70" in said
    never = bias.healing([0.1, 0.2], [10.0], [0.0, 0.0], 0.3, 0.3).text
    assert "down to 0.10 at step 0" in never


def test_game_baseline_and_dots_say_their_numbers():
    said = bias.game([1.0, 0.7, 0.2], 0.5, {"anti": (1, 2, 0.5, -0.2)}).text
    assert said.endswith("anti: true push +0.50, CA-PG -0.20.")
    said = bias.baseline({"half,\nhalf": (10.0, 20.0)}, {"clicks": (0.5, 0.05)}).text
    assert "half, half 10° and 20°" in said and "clicks 0.500 and 0.0500" in said
    said = bias.spread_of_angles({"one": [10.0, 20.0, 60.0]}, {"two": [5.0]}).text
    assert said.endswith("one 20° (10 to 60°) and two 5° (5 to 5°).")
    assert (
        "best +1.0000, middle -0.5000, worst +0.0000" in bias.pushes_on_items({"a": np.array([1, -0.5, -1e-17])}).text
    )


# 07: who leads


def test_the_lead_is_of_the_first_over_the_last():
    x = np.arange(0, 101, 10)
    curves = {"slow": (x, x / 100), "fast": (x, np.minimum(x / 20, 2.0)), "middle": (x, x / 60)}
    lead = lead_of(curves)
    assert (lead.ahead, lead.behind, lead.begin, lead.end, lead.times) == ("fast", "slow", 20, 100, "5.0")


@pytest.mark.parametrize(
    "curves",
    [
        {},
        {"alone": (np.arange(3), np.arange(3.0))},
        {"a": (np.arange(1), np.ones(1)), "b": (np.arange(1), np.ones(1))},
        {"a": (np.arange(3), np.ones(3)), "b": (np.arange(3), np.ones(3))},  # the same: nobody is earlier
        {"a": (np.arange(3), np.array([1.0, 2, 3])), "b": (np.arange(3), np.array([1.0, 0.5, 0.2]))},  # fell
    ],
)
def test_no_lead_where_nobody_is_earlier(curves):
    assert lead_of(curves) is None


def test_the_recorded_race_is_shown_first_and_said_to_be_recorded():
    panel = TrainingPanel()
    assert panel.error == "" and not panel.running and panel.results == {}
    begin = recorded()["CA-PG"][0][np.argmax(recorded()["CA-PG"][1] >= recorded()["V-PG"][1][-1])]
    said = f"CA-PG was where V-PG ends after {begin} steps: {20_000 / begin:.0f} times fewer. "
    assert said in panel.text and "recorded: press Start" in panel.text
    linear = panel.png
    panel.horizontal.value = IN_LOG_STEPS
    assert panel.error == "" and panel.png != linear and said in panel.text
    panel.horizontal.value = IN_SECONDS  # no time is recorded
    assert panel.text.startswith("Not trained yet")
    panel.horizontal.value, panel.seed.value = "steps", 1
    assert panel.text.startswith("Not trained yet")
    small = TrainingPanel(capg.SyntheticWorld(30, 40))
    assert small.text.startswith("Not trained yet")


@pytest.mark.parametrize("horizontal", [IN_LOG_STEPS, IN_SECONDS])
def test_a_live_race_in_every_axis(horizontal):
    panel = TrainingPanel(capg.SyntheticWorld(30, 40), k=5, n_steps=200, horizontal=horizontal)
    panel.start()
    assert panel.wait(60) and panel.error == "" and panel.text.startswith("After 200 steps")
    lead = panel.numbers.lead
    assert ("times fewer" in panel.text) == (lead is not None and horizontal != IN_SECONDS)


# 07: the most that a late stage allows


def brute(world, k, late_stage):
    """Try every set of candidates of every user."""
    best = []
    for user in range(world.n_users):
        pool = np.arange(world.n_items) if world.available is None else np.flatnonzero(world.available[user])
        values = []
        for chosen in map(list, combinations(pool, k)):
            q, u = world.mean_reward[user, chosen], world.utility[user, chosen]
            if late_stage == "uniform":
                values.append(q.mean())
            elif late_stage == "noisy":
                values.append(np.exp(u) @ q / np.exp(u).sum())
            else:
                values.append(q[np.argmax(u if late_stage == "optimal" else -u)])
        best.append(max(values))
    return np.mean(best)


@pytest.mark.parametrize("late_stage", ["optimal", "noisy", "uniform", "anti"])
@pytest.mark.parametrize("k", [1, 2, 4, 6])
def test_the_most_that_is_possible_agrees_with_enumeration(late_stage, k):
    rng = np.random.default_rng(k)
    available = np.ones((5, 7), bool)
    available[0, 3] = False
    for pools in (None, available):
        world = capg.World(rng.normal(size=(5, 7)), 0.0, 2 * rng.normal(size=(5, 7)), available=pools)
        assert best_value(world, k, late_stage) == pytest.approx(brute(world, k, late_stage), abs=1e-9)


def test_of_a_mixture_it_is_a_bound_that_is_reached_where_the_late_stage_agrees():
    world = capg.World(np.arange(12.0).reshape(2, 6))
    half = capg.mix("optimal", "uniform", 0.5)
    assert best_value(world, 3, half) == pytest.approx(0.5 * (8 + 7))  # the three best of each user: 5 and 11, 4 and 10


def test_the_ceiling_is_no_longer_that_of_another_late_stage():
    panel = TrainingPanel(capg.SyntheticWorld(30, 40), k=5)
    panel.late_stage.value = "anti"
    assert f"allows is {best_value(panel.world, 5, 'anti'):.2f}" in panel.text
    assert best_value(panel.world, 5, "anti") < capg.optimal_value(panel.world)


# 07: pictures


def test_noise_cost_counts_steps():
    straight = np.arange(1, 101) / 10
    said = race.noise_cost({0: straight, 1: straight / 2}, 2).text
    assert said.startswith("Steps to go 2: 20 with noise 0 (1.0 times; 1) and 40 with noise 1 (2.0 times; 2)")


def test_one_step_says_up_and_down():
    push = np.array([-0.5, 2.0, -1.5])
    said = race.one_step(np.zeros(3), np.array([0, 1]), 1, push).text
    assert "2 of 3 items" in said and "up by 2.0" in said and "by 1.50 at most" in said and said.endswith("together 0.")


def test_what_is_left_says_where_it_fails():
    exact = np.array([0.1, 0.01])
    assert race.what_is_left(exact, np.array([0.1, 0.0])).text.endswith("zero or below from draw 2 on.")
    assert race.what_is_left(exact, exact).text.endswith("stays above zero.")


def test_ends_and_curves_and_ratios_say_their_numbers():
    said = race.ends({"K = 5": {"V-PG + b": 2.0, "CA-PG": 1.0}}, {"K = 5": (1.2, 3.0)}).text
    assert said == "K = 5: V-PG + b 2.0 and CA-PG 1.0; random candidates 1.2, the most possible 3.0."
    curve = np.array([0, 50]), np.array([1.0, 2.0])
    assert race.learning({"quiet": {"CA-PG": curve}}, 1.0, 3.0).text == "quiet: CA-PG 2.0. Random candidates give 1.0."
    assert race.signal_to_noise({"V-PG": 0.5}, {"V-PG": 0.25}).text.endswith("V-PG 0.5 and 0.25.")


def test_long_run_without_a_crossing_says_nothing_of_it():
    steps, values = np.array([0, 5000, 10_000]), np.array([6.0, 7.0, 8.0])
    slow = np.array([0, 25, 50]), np.array([6.0, 6.5, 7.0])
    assert "rate 0.3" not in race.long_run(steps, values, slow).text
    fast = np.array([0, 25, 50]), np.array([6.0, 8.0, 9.0])
    assert race.long_run(steps, values, fast).text.endswith("it is there after 25, 400 times fewer.")


def test_steps_of_the_recorded_race():
    said = race.steps_to_the_end_of_the_last().text
    assert said.startswith(f"Steps to {recorded()['V-PG'][1][-1]:.2f}: ") and "V-PG 20,000" in said
    assert said.endswith("CA-PG + b never.")


@pytest.mark.parametrize("k", [1, 4, 12])
@pytest.mark.parametrize("late_stage", ["noisy", capg.mix("noisy", "uniform", 0.3), "anti"])
def test_random_candidates_earn_what_the_library_says(k, late_stage):
    world = capg.SyntheticWorld(15, 12)
    assert random_value(world, k, late_stage) == pytest.approx(
        capg.uniform_value(world, k, late_stage=late_stage), abs=1e-12
    )
