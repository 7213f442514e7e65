"""Notebook 10 without a browser: the panel's numbers against independent ones, its pictures, what is stored."""

import importlib
import itertools

import numpy as np
import pytest
from matplotlib.colors import to_hex
from panels import fresh

import capg_core as capg
from capg_core.classroom import pictures_of
from capg_core.classroom.lessons.n05_bias_and_alignment.numbers import stage_at
from capg_core.classroom.lessons.n10_the_last_place import numbers as last_place
from capg_core.classroom.lessons.n10_the_last_place.numbers import (
    BLACK_BOX,
    CLICKS,
    METHODS,
    SAME,
    STAGES,
    Setting,
    chances_of,
    critic_of,
    numbers_at,
    stored_runs,
    without_each,
)
from capg_core.classroom.lessons.n10_the_last_place.second_best import SecondBest
from capg_core.classroom.problem import SYNTHETIC, load_problem
from capg_core.classroom.words import show
from capg_core.look import look_of

draw = pictures_of("10")


@pytest.fixture
def panel():
    return fresh("LastPlacePanel")


def setting(**given):
    return Setting(**{"k": 10, "stage": 0.0, "critic": "right", "reward": SAME, "seed": 0, **given})


# The second best, which no ranking describes.


def shown_of(candidates, utility, stage):
    """Return [(item, chance)] of what is shown, by its definition."""
    best_first = sorted(candidates, key=lambda item: -utility[item])
    if stage == BLACK_BOX:
        return [(best_first[min(1, len(best_first) - 1)], 1.0)]
    if stage == 1.0:
        return [(item, 1.0 / len(candidates)) for item in candidates]
    if stage in (0.0, 2.0):
        return [(best_first[0 if stage == 0.0 else -1], 1.0)]
    low, share = int(stage), stage % 1.0
    pairs = shown_of(candidates, utility, float(low)), shown_of(candidates, utility, float(low + 1))
    return [(item, c * part) for shown, part in zip(pairs, (1.0 - share, share), strict=True) for item, c in shown]


@pytest.mark.parametrize(("n", "k"), [(3, 2), (4, 3), (6, 2), (6, 4), (6, 5)])
def test_the_second_best_agrees_with_enumeration(n, k):
    rng = np.random.default_rng(10 * n + k)
    logits, worth, utility = rng.normal(size=n), rng.normal(size=n), rng.normal(size=n)
    outcome, gradient = np.zeros(n), np.zeros(n)
    for candidates in itertools.permutations(range(n), k):
        chance = np.exp(capg.list_log_prob(logits, candidates))
        ((item, _),) = shown_of(candidates, utility, BLACK_BOX)
        outcome[item] += chance
        gradient += chance * worth[item] * capg.list_score(logits, candidates)
    found = SecondBest(logits, k, utility)
    np.testing.assert_allclose(found.outcome, outcome, atol=1e-11)
    np.testing.assert_allclose(found.gradient(worth), gradient, atol=1e-11)


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("k", [1, 2, 5])
def test_what_is_shown_and_earned_without_each_is_that_of_the_definition(stage, k):
    rng = np.random.default_rng(k)
    utility, critic = rng.normal(size=(20, k + 1)), rng.normal(size=(20, k + 1))
    chances, values = chances_of(utility[:, :k], stage), without_each(utility, critic, stage)
    for row in range(20):
        of_items = np.zeros(k)
        for item, chance in shown_of(range(k), utility[row], stage):
            of_items[item] += chance
        np.testing.assert_allclose(chances[row], of_items, atol=1e-12)
        for c in range(k + 1):
            left = [item for item in range(k + 1) if item != c]
            worth = sum(chance * critic[row, item] for item, chance in shown_of(left, utility[row], stage))
            assert values[row, c] == pytest.approx(worth, abs=1e-12)


# The estimators.


@pytest.mark.parametrize("stage", [0.0, 0.5, 1.0, 2.0])
def test_estimators_agree_with_the_core(stage):
    """Simulated on 4,000 lists against summed on 1,000: V-PG's variance is within a few per cent."""
    problem, k = load_problem(SYNTHETIC), 10
    found = numbers_at(setting(k=k, stage=stage, critic="errs by a third", reward=CLICKS)).methods
    options = {"utility": problem.utility, "late_stage": stage_at(stage)}
    for name in METHODS:
        estimator, _, more = name.partition(" + ")
        own = {"baseline": "mean"} if more == "b" else {}
        if estimator == "Swap-PG":
            own = {"critic": critic_of("errs by a third", 0), "residual": more or None}
        d = capg.gradient_diagnostics(
            problem.logits, k, problem.mean_reward, estimator, **options, **own, n_samples=4000,
            reward_std=np.sqrt(problem.mean_reward * (1.0 - problem.mean_reward)), rng=np.random.default_rng(3),
        )  # fmt: skip
        assert found[name].variance == pytest.approx(d.variance, rel=0.2), name
        assert found[name].snr == pytest.approx(d.snr, rel=0.1), name
        assert found[name].angle == pytest.approx(np.degrees(np.arccos(d.cosine)), abs=0.01), name


def test_the_push_is_that_of_the_core_on_the_race_that_is_shown(panel):
    problem, numbers = load_problem(SYNTHETIC), panel.numbers
    values = [numbers.critic[np.arange(9) != c].max() for c in range(9)]  # the right critic, an optimal late stage
    np.testing.assert_allclose(numbers.without, values)
    push = capg.swap_gradient(problem.logits, numbers.items, values)[numbers.items]
    np.testing.assert_allclose(numbers.push, push, atol=1e-12)
    assert abs(numbers.push.sum()) < 1e-12


def test_the_noise_of_the_reward_is_in_all_but_swap_pg_alone():
    same, clicks = (numbers_at(setting(reward=reward)).methods for reward in (SAME, CLICKS))
    assert {name for name in METHODS if same[name] == clicks[name]} == {"Swap-PG"}
    assert all(clicks[name].variance > same[name].variance for name in METHODS if name != "Swap-PG")


def test_a_late_stage_without_a_ranking_is_refused_by_outcome_pg_alone(panel):
    panel.stage.value = BLACK_BOX
    assert [name for name, method in panel.numbers.methods.items() if method is None] == ["Outcome-PG + b"]
    assert "Outcome-PG + b is refused, because the ranking of all items is not known; CA-PG 0.1" in panel.text
    assert panel.numbers.methods["Swap-PG"].angle == pytest.approx(0.0, abs=1e-5)
    assert panel.numbers.methods["CA-PG"].angle > 10


def test_what_the_notebook_says_can_be_seen(panel):
    assert panel.numbers.methods["Swap-PG"].snr > 2 * panel.numbers.methods["Outcome-PG + b"].snr
    panel.critic.value = "inverted"
    assert panel.numbers.methods["Swap-PG"].angle == pytest.approx(180.0)
    panel.critic.value = "constant"
    assert "Nothing is pushed" in panel.text and "; Swap-PG pushes nothing; Swap-PG + list 0.0" in panel.text
    assert "no push" in [line[2] for line in panel._words.lines]
    panel.critic.value, panel.k.value = "errs by a third", 20
    found = panel.numbers.methods
    assert found["Swap-PG"].angle > 45 > found["Swap-PG + inclusion"].angle > found["Swap-PG + list"].angle
    assert show(found["Swap-PG"].snr) in panel.text


def test_the_opening_does_not_answer_the_predictions(panel):
    assert panel.critic.value == "right" and panel.k.value != 20


def test_colours_come_from_the_style(panel):
    for (_, method), point in panel._points.items():
        assert to_hex(point.get_color()) == look_of(method.partition(" ")[0]).colour


# The pictures, with what is at the edge.


def test_an_item_that_never_takes_the_last_place_is_said_to_change_nothing():
    logits = np.linspace(-1.0, 1.0, 11)
    times = np.stack([np.full(11, 1.0), np.full(11, 2.0), 10.0 * np.exp(-logits)], axis=1)
    assert draw.boundary(logits, times, 2, 1).text.endswith("Who the 1 candidates are never changes.")
    assert "overtakes 0 of 2 others" in draw.boundary(logits, times, 2, 1).text
    times[:, 2] = np.exp(-2 * logits)
    assert "changes once, at 0.0, where it takes the last place from item 0." in draw.boundary(logits, times, 2, 1).text


def test_pictures_say_their_numbers():
    said = draw.swaps(np.array([1, 1, 1, 3]), 3).text
    assert "1 of them in 75 % of the races and 3 of them in 25 %" in said and "0.500 of all swaps" in said
    rates = np.array([[0.0, 2.0, 1.0], [2.0, 0.0, 4.0], [1.0, 4.0, 0.0]])
    said = draw.exchanges(rates, np.array([0.5, 0.2, 0.9]), np.array([0.1, 0.3, -0.4])).text
    assert "items 1 and 2, is 4.0 times as frequent" in said and "most is item 1, without which 0.20" in said
    said = draw.noise((1, 3), {"Swap-PG": (1, 12.0)}, {"Swap-PG": (1, 0.5)}).text
    assert said.endswith("and with clicks, Swap-PG 12.0 and 0.500.")
    said = draw.errors((0, 0.5), {"K = 5": (0, 91.4), "K = 5 + list": (0, 0)}).text
    assert said.endswith("where the errors are 0.50 of the spread: K = 5 91° and K = 5 + list 0°.")
    assert "Swap-PG + list 0.0100 and 0°" in draw.residuals({"Swap-PG + list": (0.01, 0.0)}).text
    assert draw.films({"CA-PG + b": np.array([4.5])}).text.endswith("means of 1 seed: CA-PG + b 4.50.")
    two = {name: ([0, 5], {"V-PG + b": [1.0, 1.0], "Swap-PG": [1.0, 2.0]}) for name in ("one", "two")}
    assert draw.learning(two).text.count("after 5 steps V-PG + b 1.00 and Swap-PG 2.00.") == 2


# What is stored.


def test_the_stored_runs_are_what_training_gives():
    """The first 50 steps of one run again, and the ends in the order that the notebook speaks of."""
    stored = stored_runs()
    run = capg.train(
        capg.SyntheticWorld(), "Swap-PG", 50, late_stage="uniform", n_steps=50, learning_rate=0.1, seed=0, eval_every=50
    )
    np.testing.assert_allclose(stored["uniform"]["Swap-PG"][:2], run.policy_value, atol=1e-6)
    assert stored["steps"].tolist() == list(range(0, 1001, 50))
    ends = {name: values[-1] for name, values in stored["uniform"].items()}
    assert max(ends, key=ends.get) == "Swap-PG" and sorted(ends.values())[-2] < 0.55 * ends["Swap-PG"]
    films = {name: values.mean() for name, values in stored["films"].items()}
    assert max(films["Swap-PG"], films["CA-PG"]) < 4.5
    level = [value for name, value in films.items() if name not in ("Swap-PG", "CA-PG")]
    assert max(level) - min(level) < 0.1
    assert films["Swap-PG, true stars"] > max(level) - 0.02


def test_the_module_of_the_pictures_is_the_lessons():
    assert draw is importlib.import_module("capg_core.classroom.lessons.n10_the_last_place.pictures")
    assert last_place.MOST < load_problem(SYNTHETIC).n_items - 1
