"""The panel of the experts without a browser, and its numbers beside enumeration, root finding and the training."""

import itertools
import re

import numpy as np
import pytest
from panels import CASES, fresh, put_all
from scipy.optimize import brentq

import capg_core as capg
from capg_core.classroom.lessons.n09_mixture_of_experts import numbers as experts_numbers
from capg_core.classroom.lessons.n09_mixture_of_experts import panel as experts_panel
from capg_core.classroom.lessons.n09_mixture_of_experts import worlds as experts_worlds
from capg_core.classroom.lessons.n09_mixture_of_experts.numbers import ADDED, APART, N_ITEMS, NOTHING, Setting
from capg_core.look import LOOKS, PETROFF
from capg_core.training.towers import split_places


@pytest.fixture
def panel():
    return fresh("ExpertsPanel")


def setting(**changes):
    start = {"n_experts": 2, "k": 24, "angle": 90.0, "moved": 0, "compare": NOTHING, "seed": 0}
    return Setting(**{**start, "order": experts_numbers.FIRST_LAST, **changes})


def clock_by_root_finding(logits, places):
    """The thinned clock again, by scipy, in the words of its definition."""
    survivors, rates = np.ones(logits.shape[1]), []
    for theta, count in zip(logits, places, strict=True):
        w = np.exp(theta)
        tau = brentq(lambda t, w=w, s=survivors, c=count: np.sum(s * (1 - np.exp(-w * t))) - c, 0.0, 1e6, xtol=1e-14)
        rates.append(w * tau)
        survivors = survivors * np.exp(-rates[-1])
    return np.array(rates)


def exact_inclusion(logits, places):
    """Enumerate every ordered list of the experts."""
    expert = np.repeat(np.arange(len(places)), places)
    total = np.zeros(logits.shape[1])
    for items in itertools.permutations(range(logits.shape[1]), len(expert)):
        chance, left = 1.0, np.ones(logits.shape[1], dtype=bool)
        for m, item in zip(expert, items, strict=True):
            w = np.exp(logits[m]) * left
            chance *= w[item] / w.sum()
            left[item] = False
        total[list(items)] += chance
    return total


# The panel.


def test_the_order_changes_the_picture_where_tastes_overlap(panel):
    panel.angle.value = 60
    before, stacks = panel.png, panel.numbers.stacks
    panel.order.value = experts_numbers.LAST_FIRST
    assert panel.png != before and "draws last" in panel.text
    # the one that draws last gets less of what both want
    assert panel.numbers.stacks[0, experts_numbers.near(0)].sum() < stacks[0, experts_numbers.near(0)].sum()


def test_new_noise_changes_the_simulation_only(panel):
    before = panel.numbers
    panel.new_noise.click()
    assert np.array_equal(panel.numbers.stacks, before.stacks)
    assert not np.array_equal(panel.numbers.simulated, before.simulated)


def test_sentence_agrees_with_an_independent_computation(panel):
    panel.angle.value, panel.moved.value = 120, 4
    logits = experts_numbers.expert_logits(2, 120.0)
    pi = 1 - np.exp(-clock_by_root_finding(logits, [16, 8]).sum(axis=0))
    assert "as 16 + 8" in panel.text
    near_a = float(re.search(r"candidates: ([\d.]+)", panel.text)[1])
    near_b = float(re.search(r"([\d.]+) \([^)]*\) near taste B", panel.text)[1])
    assert near_a == pytest.approx(pi[np.abs(experts_numbers.DIRECTIONS + 90) < 40].sum(), abs=0.051)
    assert near_b == pytest.approx(pi[np.abs(experts_numbers.DIRECTIONS - 90) < 40].sum(), abs=0.051)
    assert "Σπ = 24.00" in panel.text


@pytest.mark.parametrize("values", CASES["ExpertsPanel"].extremes)
def test_at_the_extremes_the_places_are_k(panel, values):
    put_all(panel, values)
    assert panel.numbers.places.sum() == values["k"]
    assert panel.numbers.stacks.sum() == pytest.approx(values["k"])


def test_colours_are_of_the_style_and_no_estimators():
    colours = {colour for colour, _ in experts_panel.EXPERT_LOOKS}
    assert len(colours) == len({hatch for _, hatch in experts_panel.EXPERT_LOOKS}) == experts_panel.MOST_EXPERTS
    assert not colours & {PETROFF["orange"], *(look.colour for look in LOOKS.values())}  # the truth is orange


# The numbers.


def test_places_add_up_and_follow_the_library():
    for k, n_experts, moved in itertools.product((1, 2, 7, 40), (1, 2, 3, 4), (-20, -1, 0, 3, 20)):
        places = experts_numbers.places_of(k, n_experts, moved)
        assert places.sum() == k and places.min() >= 0 and len(places) == n_experts
        if moved == 0:
            assert np.array_equal(places, split_places(k, n_experts))


@pytest.mark.parametrize("places", [[12, 12], [3, 20], [8, 8, 8], [0, 5], [40]])
def test_the_thinned_clock_is_what_its_definition_says(places):
    logits = experts_numbers.expert_logits(len(places), 75.0)
    rates = experts_numbers.thinned_clock(logits, places)
    np.testing.assert_allclose(rates, clock_by_root_finding(logits, places), rtol=1e-6, atol=1e-9)
    layers = experts_numbers.brought_in(rates)
    np.testing.assert_allclose(layers.sum(axis=1), places, atol=1e-7)
    np.testing.assert_allclose(layers.sum(axis=0), experts_numbers.inclusion(rates), atol=1e-12)


@pytest.mark.parametrize("places", [[], [1], [3, 4], [0, 0], [-1, 2]])
def test_bad_places_are_refused(places):
    with pytest.raises(ValueError):
        experts_numbers.thinned_clock(np.zeros((2, 7)), places)


def test_both_simulations_agree_with_enumeration():
    logits, places = np.random.default_rng(3).normal(size=(2, 6)), [2, 1]
    exact = exact_inclusion(logits, places)
    lists = experts_numbers.sample_lists(logits, places, np.random.default_rng(0), 40_000)
    # six items, four standard errors each: a correct sampler fails once in 2,000 seeds, and this seed is fixed
    frequency = np.bincount(lists.ravel(), minlength=6) / 40_000
    assert np.all(np.abs(frequency - exact) < 4 * np.sqrt(exact * (1 - exact) / 40_000))
    wide = np.full((2, N_ITEMS), -np.inf)
    wide[:, :6] = logits
    drawn = experts_numbers.simulate(wide, places, 0)[:, :6] >= 0
    assert np.all(np.abs(drawn.mean(axis=0) - exact) < 4 * np.sqrt(exact * (1 - exact) / len(drawn)))


def test_the_clock_is_near_the_simulation():
    numbers = experts_numbers.numbers_at(setting())
    pi = numbers.stacks.sum(axis=0)
    lists = experts_numbers.sample_lists(
        experts_numbers.expert_logits(2, 90.0), [12, 12], np.random.default_rng(0), 40_000
    )
    assert np.abs(np.bincount(lists.ravel(), minlength=N_ITEMS) / 40_000 - pi).max() < 0.013
    assert np.abs(numbers.simulated - pi).max() < 0.05
    np.testing.assert_allclose(numbers.covered, numbers.coverage.sum(axis=1), atol=0.2)


def test_experts_alike_are_one_expert():
    logits = experts_numbers.expert_logits(3, 0.0)
    three = experts_numbers.thinned_clock(logits, [10, 4, 6]).sum(axis=0)
    np.testing.assert_allclose(three, experts_numbers.thinned_clock(logits[:1], [20])[0], rtol=1e-6)


def test_wrong_ways_give_the_wrong_sums():
    logits = experts_numbers.expert_logits(2, 0.0)
    added, once = (experts_numbers.compared_to(logits, [12, 12], how) for how in (ADDED, APART))
    assert added.sum() == pytest.approx(24) and added.max() > 1
    assert once.sum() < 20


def test_the_score_is_the_gradient_of_the_clock():
    logits, places = np.random.default_rng(1).normal(size=(3, 9)), [2, 1, 2]
    score = experts_numbers.clock_score(logits, places, 4)
    for m, j in itertools.product(range(3), range(9)):
        step = np.zeros((3, 9))
        step[m, j] = 1e-5
        up, down = (np.log(1 - np.exp(-clock_by_root_finding(logits + s, places)[:, 4].sum())) for s in (step, -step))
        assert score[m, j] == pytest.approx((up - down) / 2e-5, abs=1e-6)


def test_the_noise_of_one_expert_is_the_cores():
    logits, reward = experts_numbers.expert_logits(1, 0.0), experts_numbers.two_peaks()
    variance, mean = experts_numbers.gradient_noise(logits, 6, reward, "CA-PG", n_lists=20_000)
    exact = capg.exact_variance(logits[0], 6, reward, "CA-PG", marginal="asymptotic")
    assert variance == pytest.approx(exact, rel=0.03)
    wanted = capg.expected_estimate(logits[0], 6, reward, "CA-PG", marginal="asymptotic")
    assert np.linalg.norm(mean[0] - wanted) < 4 * np.sqrt(exact / 20_000)


def test_worlds_have_the_interests_they_say():
    for count in (1, 2):
        liked = experts_worlds.interests_world(count).mean_reward > 0.9
        assert np.all(liked.sum(axis=1) == 5 * count)
    with pytest.raises(ValueError, match="n_interests = 41"):
        experts_worlds.interests_world(41)
