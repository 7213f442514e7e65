"""Asymptotic, paper's and with-replacement marginals: accuracy, and scores against finite differences."""

import numpy as np
import pytest

import capg_core as capg

RNG_LOGITS = np.random.default_rng(3).normal(size=30)


@pytest.mark.parametrize("method", ["exact", "asymptotic", "paper", "with_replacement"])
@pytest.mark.parametrize("k", [1, 4, 15, 29])
def test_inclusion_score_is_the_derivative_of_its_own_log_probability(method, k):
    step = 1e-6
    items = np.array([0, 7, 7, 29])
    rows = capg.inclusion_score(RNG_LOGITS, items, k, method)
    for j in range(0, 30, 5):
        shift = np.zeros(30)
        shift[j] = step
        high = np.log(capg.inclusion_probabilities(RNG_LOGITS + shift, k, method)[items])
        low = np.log(capg.inclusion_probabilities(RNG_LOGITS - shift, k, method)[items])
        np.testing.assert_allclose(rows[:, j], (high - low) / (2 * step), atol=2e-8)


def test_paper_formula_by_hand():
    logits = np.log([3.0, 2.0, 1.0])
    # item 2 (weight 1) with K = 2: heads of the others = weight 3; 1 - (1 - 1/6)(1 - 1/3)
    assert capg.inclusion_probabilities(logits, 2, "paper")[2] == pytest.approx(1 - (5 / 6) * (2 / 3))
    # item 0 (weight 3): head of the others = weight 2; 1 - (1 - 3/6)(1 - 3/4)
    assert capg.inclusion_probabilities(logits, 2, "paper")[0] == pytest.approx(1 - 0.5 * 0.25)


@pytest.mark.parametrize(("n", "k", "bound"), [(100, 10, 0.012), (1000, 20, 0.005), (1000, 100, 0.002)])
def test_asymptotic_inclusion_is_within_the_stated_error(n, k, bound):
    logits = np.random.default_rng(0).normal(size=n)
    exact = capg.inclusion_probabilities(logits, k)
    error = np.abs(capg.inclusion_probabilities(logits, k, "asymptotic") / exact - 1)
    assert error.max() < bound
    assert np.abs(capg.inclusion_probabilities(logits, k, "paper") / exact - 1).max() > error.max()


def test_all_methods_are_one_when_every_item_is_a_candidate():
    for method in ("exact", "asymptotic", "paper"):
        np.testing.assert_allclose(capg.inclusion_probabilities([5.0, -5.0, 300.0], 3, method), 1.0, atol=1e-12)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_asymptotic_outcome_score_approaches_the_exact_one(share):
    rng = np.random.default_rng(4)
    errors = []
    for n in (50, 600):
        logits, utility = rng.normal(size=n), np.arange(n)[::-1].astype(float)
        k = round(share * n)
        exact = capg.outcome_score(logits, [0, 1, 2], k, utility)
        near = capg.outcome_score(logits, [0, 1, 2], k, utility, "asymptotic")
        errors.append(np.linalg.norm(near - exact) / np.linalg.norm(exact))
    assert errors[1] < 0.3 * errors[0]
    assert errors[1] < 0.02


def test_asymptotic_outcome_needs_a_baseline():
    # Its score has a small mean, which a reward far from zero multiplies; the exact score has none.
    rng = np.random.default_rng(4)
    logits, reward = rng.normal(size=100), rng.random(100)
    gradient = capg.policy_gradient(logits, 20, reward)
    value = capg.policy_value(logits, 20, reward)

    def error(**options):
        return np.linalg.norm(capg.expected_estimate(logits, 20, reward, "Outcome-PG", **options) - gradient)

    assert error(marginal="asymptotic", baseline=value) < 0.2 * error(marginal="asymptotic")
    assert error(marginal="exact", baseline=value) < 1e-12


@pytest.mark.parametrize("scale", [30.0, 1000.0])
def test_approximations_stay_finite_on_peaked_logits(scale):
    logits = scale * np.random.default_rng(1).normal(size=12)
    for k in range(1, 13):
        for method in ("asymptotic", "paper", "with_replacement"):
            assert np.isfinite(capg.inclusion_probabilities(logits, k, method)).all()
        assert np.isfinite(capg.inclusion_score(logits, np.arange(12), k, "asymptotic")).all()
        assert np.isfinite(capg.inclusion_score(logits, np.arange(12), k, "paper")).all()
