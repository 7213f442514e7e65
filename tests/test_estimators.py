"""The ladder: what is unbiased is unbiased, what is biased is so by formula and by simulation, each rung less noisy.

The simulated statements take the worst of n z-scores at a fixed seed; a correct estimator fails one with probability
below 1e-4 (normal tail at 5.5 standard errors, 20 logits, skew allowed for).
"""

import itertools

import numpy as np
import pytest

import capg_core as capg

RNG = np.random.default_rng(8)
LOGITS, REWARD = RNG.normal(size=20), RNG.random(20)
UTILITY = REWARD + 0.3 * RNG.normal(size=20)
WORST_Z = 5.5


def enumerate_lists(logits, k, utility):
    lists = np.array(list(itertools.permutations(range(logits.size), k)))
    return lists, np.exp(capg.list_log_prob(logits, lists)), capg.choose_output(lists, utility)


@pytest.mark.parametrize("estimator", ["V-PG", "Set-PG", "Outcome-PG"])
@pytest.mark.parametrize("late_stage", ["optimal", "anti", "uniform", "mixture"])
@pytest.mark.parametrize("baseline", [None, "mean", 0.3])
def test_unbiased_rungs_are_unbiased_with_and_without_a_baseline(estimator, late_stage, baseline):
    stage = capg.mix("optimal", "uniform", 0.4) if late_stage == "mixture" else late_stage
    found = capg.gradient_diagnostics(
        LOGITS, 5, REWARD, estimator, utility=UTILITY, late_stage=stage, baseline=baseline, reward_std=0.2,
        n_samples=20_000, rng=np.random.default_rng(1),
    )  # fmt: skip
    assert np.abs(found.bias / found.standard_error).max() < WORST_Z
    assert found.cosine == pytest.approx(1.0)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("estimator", ["V-PG", "Set-PG", "Outcome-PG"])
def test_unbiased_rungs_average_to_the_gradient_over_all_lists(k, estimator):
    logits, reward, utility = LOGITS[:6], REWARD[:6], UTILITY[:6]
    lists, p, outputs = enumerate_lists(logits, k, utility)
    rows = capg.estimate_gradients(logits, lists, outputs, reward[outputs], estimator, utility=utility)
    np.testing.assert_allclose(p @ rows, capg.policy_gradient(logits, k, reward, utility), atol=1e-12)


@pytest.mark.parametrize(("estimator", "marginal"), [
    ("CA-PG", "exact"), ("CA-PG", "asymptotic"), ("CA-PG", "paper"), ("CA-PG-SwR", "exact"),
    ("Outcome-PG", "exact"), ("Outcome-PG", "asymptotic"),
])  # fmt: skip
@pytest.mark.parametrize("baseline", [0.0, 0.4])
def test_formulas_for_mean_and_variance_agree_with_enumeration(estimator, marginal, baseline):
    logits, reward, utility = LOGITS[:6], REWARD[:6], UTILITY[:6]
    options = dict(utility=utility, marginal=marginal, baseline=baseline)
    for k in (1, 2, 4):
        lists, p, outputs = enumerate_lists(logits, k, utility)
        rows = capg.estimate_gradients(logits, lists, outputs, reward[outputs], estimator, **options)
        mean = p @ rows
        np.testing.assert_allclose(capg.expected_estimate(logits, k, reward, estimator, **options), mean, atol=1e-12)
        variance = p @ (rows**2).sum(axis=1) - mean @ mean
        ours = capg.exact_variance(logits, k, reward, estimator, **options)
        assert ours == pytest.approx(variance, rel=1e-9, abs=1e-13)


def test_bias_of_ca_pg_by_simulation_is_the_bias_by_formula():
    found = capg.gradient_diagnostics(LOGITS, 5, REWARD, "CA-PG", n_samples=40_000, rng=np.random.default_rng(2))
    formula = capg.expected_estimate(LOGITS, 5, REWARD, "CA-PG") - capg.policy_gradient(LOGITS, 5, REWARD)
    assert np.abs((found.bias - formula) / found.standard_error).max() < WORST_Z
    assert np.abs(found.bias / found.standard_error).max() > 20  # and it is there
    assert found.variance == pytest.approx(capg.exact_variance(LOGITS, 5, REWARD, "CA-PG"), rel=0.05)


def test_ca_pg_is_unbiased_under_a_uniform_late_stage():
    gradient = capg.policy_gradient(LOGITS, 5, REWARD, late_stage="uniform")
    expected = capg.expected_estimate(LOGITS, 5, REWARD, "CA-PG", late_stage="uniform")
    np.testing.assert_allclose(expected, gradient, atol=1e-13)


def test_a_constant_reward_moves_ca_pg_and_no_unbiased_rung():
    constant = np.full(20, 2.0)
    assert np.linalg.norm(capg.expected_estimate(LOGITS, 5, constant, "CA-PG", utility=UTILITY)) > 0.1
    assert np.linalg.norm(capg.expected_estimate(LOGITS, 5, constant, "Outcome-PG", utility=UTILITY)) < 1e-12


@pytest.mark.parametrize("k", [2, 5, 20, 50])
def test_each_unbiased_rung_is_less_noisy_and_only_the_list_grows_with_k(k):
    rng = np.random.default_rng(9)
    logits, reward = rng.normal(size=100), rng.random(100)
    noise = {
        name: capg.gradient_diagnostics(logits, k, reward, name, n_samples=4000, rng=np.random.default_rng(3)).variance
        for name in ("V-PG", "Set-PG", "Outcome-PG", "CA-PG")
    }
    assert noise["V-PG"] > 0.95 * noise["Set-PG"] > 0.9 * noise["Outcome-PG"]
    assert noise["V-PG"] > 0.2 * k  # linear in K
    assert noise["CA-PG"] < 1.0


def test_with_replacement_estimators_by_hand():
    softmax = np.exp(LOGITS) / np.exp(LOGITS).sum()
    candidates, outputs = np.array([[3, 1, 4]]), np.array([1])
    listed = capg.estimate_gradients(LOGITS, candidates, outputs, [2.0], "V-PG-SwR")[0]
    expected = -3 * softmax
    expected[[3, 1, 4]] += 1
    np.testing.assert_allclose(listed, 2.0 * expected, atol=1e-13)
    top = capg.estimate_gradients(LOGITS, candidates, outputs, [2.0], "CA-PG-SwR")[0]
    np.testing.assert_allclose(top, 2.0 * (np.eye(20)[1] - softmax), atol=1e-13)


def test_diagnostics_are_deterministic_and_complete():
    args = (LOGITS, 4, REWARD, "V-PG")
    one = capg.gradient_diagnostics(*args, rng=np.random.default_rng(5))
    two = capg.gradient_diagnostics(*args, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(one.mean, two.mean)
    assert one.variance == two.variance
    assert one.snr == pytest.approx(one.signal / np.sqrt(one.variance))
    assert one.signal == pytest.approx(np.linalg.norm(capg.policy_gradient(LOGITS, 4, REWARD)))
    np.testing.assert_allclose(one.bias, one.mean - capg.policy_gradient(LOGITS, 4, REWARD))
