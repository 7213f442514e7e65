"""Very many items: inclusion and its gradient are as exact as for few, and need memory for the items alone."""

import os
import subprocess
import sys

import numpy as np
import pytest
from enumeration import log_inclusion

import capg_core as capg
from capg_core.batch.exp import arrive_into
from capg_core.exact import inclusion, inclusion_many

# Exact numbers of many items at K in the hundreds. The peer is the same quantity with the counts gone through one by
# one, which enumeration has checked: it has nothing in common with the roots of unity.
CASES = {
    "normal": (1500, 250, lambda rng, n: rng.normal(size=n)),
    "equal": (1500, 250, lambda rng, n: np.zeros(n)),
    "ties": (1500, 250, lambda rng, n: np.round(2 * rng.normal(size=n))),
    "most are candidates": (1000, 800, lambda rng, n: rng.normal(size=n)),
    "all but one": (300, 299, lambda rng, n: rng.normal(size=n)),
    "peaked": (1500, 250, lambda rng, n: 10.0 * rng.normal(size=n)),
    "spread of 1e3": (600, 100, lambda rng, n: 1e3 * rng.normal(size=n)),
    "two groups": (600, 150, lambda rng, n: rng.normal(size=n) + 1e3 * (np.arange(n) < 60)),
    "masked": (1500, 250, lambda rng, n: np.where(np.arange(n) % 3 == 1, -np.inf, rng.normal(size=n))),
    "one heavy": (1500, 250, lambda rng, n: 50.0 * (np.arange(n) == 7)),
}


def both_ways(monkeypatch, call):
    """Return what a call gives with the counts one by one, and in the way for many items."""
    monkeypatch.setattr(inclusion, "_MANY", np.inf)
    one_by_one = call()
    monkeypatch.setattr(inclusion, "_MANY", 0.0)
    return one_by_one, call()


@pytest.mark.parametrize("name", CASES)
def test_many_items_have_the_probabilities_that_counting_one_by_one_gives(monkeypatch, name):
    n, k, make = CASES[name]
    rng = np.random.default_rng(1)
    logits, weights = make(rng, n), rng.normal(size=n)
    expected, pi = both_ways(monkeypatch, lambda: capg.inclusion_probabilities(logits, k))
    np.testing.assert_allclose(pi, expected, rtol=1e-10, atol=1e-300)
    assert pi.sum() == pytest.approx(k, abs=1e-10)
    expected, gradient = both_ways(monkeypatch, lambda: capg.inclusion_gradient(logits, k, weights))
    np.testing.assert_allclose(gradient, expected, rtol=0, atol=1e-10)
    assert abs(gradient.sum()) < 1e-10


@pytest.mark.parametrize(("n", "scale"), [(2, 30.0), (5, 1000.0), (7, 30.0), (9, 5.0), (12, 30.0)])
def test_the_way_for_many_items_agrees_with_enumeration_of_few(monkeypatch, n, scale):
    """Few items are far apart: those that are surely candidates and those that hardly are leave the race."""
    monkeypatch.setattr(inclusion, "_MANY", 0.0)
    rng = np.random.default_rng(n)
    logits, weights = scale * rng.normal(size=n), rng.normal(size=n)
    for k in range(1, n + 1):
        log_pi, scores = log_inclusion(logits, k)
        np.testing.assert_allclose(capg.inclusion_probabilities(logits, k), np.exp(log_pi), rtol=1e-10, atol=1e-300)
        gradient = capg.inclusion_gradient(logits, k, weights)
        np.testing.assert_allclose(gradient, (weights * np.exp(log_pi)) @ scores, rtol=0, atol=1e-10)


def test_the_chances_of_having_arrived_and_of_not_are_right_to_the_last_digits():
    rate = np.concatenate((10.0 ** np.random.default_rng(0).uniform(-300, 2.8, 100_000), np.linspace(0.0, 3.0, 1001)))
    arrived, stay = np.empty(rate.size), np.empty(rate.size)
    arrive_into(rate, arrived, stay)
    np.testing.assert_allclose(arrived, -np.expm1(-rate), rtol=8e-16)
    np.testing.assert_allclose(stay, np.exp(-rate), rtol=1e-15)
    late = np.array([800.0, 3000.0, 1e300, np.inf])
    arrive_into(late, arrived[:4], stay[:4])
    assert arrived[:4].tolist() == [1.0] * 4 and stay[:4].tolist() == [0.0] * 4


def poisson_binomial(p):
    """Return P(N = d), by multiplying the items' polynomials."""
    pmf = np.ones(1)
    for each in p:
        pmf = np.append(pmf, 0.0) * (1.0 - each) + np.append(0.0, pmf) * each
    return pmf


@pytest.mark.parametrize("spread", [0.0, 1.0, 3.0])
def test_at_a_node_the_counts_without_an_item_are_those_of_the_polynomials(spread):
    rng = np.random.default_rng(2)
    theta, n, k = spread * rng.normal(size=300), 300, 60
    s = np.log(k / n)
    rate = np.exp(theta + s)
    p, slope = -np.expm1(-rate), rate * np.exp(-rate)
    expected = [slope[i] * poisson_binomial(np.delete(p, i))[:k].sum() for i in range(n)]
    found = np.zeros(n)
    inclusion_many.many_kernel(theta, k, np.empty(0), np.array([s]), np.ones(1), found)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


def test_panels_in_which_the_count_is_nearly_certain_are_left_to_the_others():
    theta, panel = np.zeros(100), np.linspace(-0.01, 0.0, 32)
    nodes = np.concatenate((panel - 9.0, panel - 1.0, np.append(panel[:-1] - 1.0, 9.0)))
    assert inclusion_many.open_nodes(theta, nodes).tolist() == [False] * 32 + [True] * 32 + [False] * 32


@pytest.mark.parametrize("scale", [1.0, 30.0])
def test_the_gradient_of_many_items_is_the_slope_of_their_probabilities(scale):
    rng = np.random.default_rng(3)
    n, k, step = 4000, 500, 1e-4
    logits, weights, direction = scale * rng.normal(size=n), rng.normal(size=n), rng.normal(size=n)
    high, low = (capg.inclusion_probabilities(logits + h * direction, k) @ weights for h in (step, -step))
    slope = capg.inclusion_gradient(logits, k, weights) @ direction
    assert slope == pytest.approx((high - low) / (2 * step), rel=1e-6, abs=1e-6)


def test_equal_logits_are_candidates_alike():
    n, k = 100_000, 1000
    np.testing.assert_allclose(capg.inclusion_probabilities(np.zeros(n), k), k / n, rtol=1e-10)


GROWTH = """
import resource, sys
import numpy as np
import capg_core as capg
logits = float(sys.argv[1]) * np.random.default_rng(0).normal(size=100_000)
weights = np.random.default_rng(1).normal(size=logits.size)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
pi = capg.inclusion_probabilities(logits, 1000)
gradient = capg.inclusion_gradient(logits, 1000, weights)
growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(growth / (1024 if sys.platform == "linux" else 1024**2), pi.sum() - 1000, gradient.sum())
"""


@pytest.mark.slow
@pytest.mark.parametrize("scale", ["1", "1000"])
def test_a_hundred_thousand_items_fit_into_300_mb(scale):
    """What the process grows by from the import on, the compiler included."""
    pytest.importorskip("resource")
    script = [sys.executable, "-c", GROWTH, scale]
    done = subprocess.run(script, env=os.environ, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    growth, excess, total = map(float, done.stdout.split())
    assert growth < 300
    assert abs(excess) < 1e-10 and abs(total) < 1e-10
