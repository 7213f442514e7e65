"""Exact means exact: sets, inclusion, outcome, value and gradients against enumeration of all candidate sets."""

import numpy as np
import pytest
from enumeration import log_inclusion, log_outcome, log_sets

import capg_core as capg

TOLERANCE = 1e-10
# (n, logit scale): every K from 1 to n is tried for each
SIZES = [(1, 1.0), (2, 30.0), (5, 0.1), (5, 1000.0), (7, 30.0), (8, 1.0), (9, 5.0), (12, 0.1), (12, 2.0), (12, 30.0)]


def problem(n, scale, seed=0):
    rng = np.random.default_rng([seed, n])
    return scale * rng.normal(size=n), rng.normal(size=n), rng.normal(size=n)


@pytest.mark.parametrize(("n", "scale"), SIZES)
def test_inclusion_and_its_score_agree_with_enumeration(n, scale):
    logits, _, weights = problem(n, scale)
    for k in range(1, n + 1):
        log_pi, scores = log_inclusion(logits, k)
        pi = capg.inclusion_probabilities(logits, k)
        np.testing.assert_allclose(pi, np.exp(log_pi), rtol=TOLERANCE, atol=1e-300)
        np.testing.assert_allclose(capg.inclusion_score(logits, np.arange(n), k), scores, rtol=0, atol=TOLERANCE)
        gradient = capg.inclusion_gradient(logits, k, weights)
        np.testing.assert_allclose(gradient, (weights * np.exp(log_pi)) @ scores, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("n", "scale"), SIZES)
def test_outcome_value_and_gradients_agree_with_enumeration(n, scale):
    logits, utility, reward = problem(n, scale)
    for k in range(1, n + 1):
        log_rho, scores = log_outcome(logits, k, utility)
        rho = np.exp(log_rho)
        ours = capg.outcome_probabilities(logits, k, utility)
        np.testing.assert_allclose(ours, rho, rtol=TOLERANCE, atol=1e-300)
        # scores where the probability itself is not below the range of doubles
        items = np.flatnonzero(log_rho > -600)
        np.testing.assert_allclose(capg.outcome_score(logits, items, k, utility), scores[items], atol=TOLERANCE)
        assert capg.policy_value(logits, k, reward, utility) == pytest.approx(rho @ reward, abs=TOLERANCE)
        gradient = capg.policy_gradient(logits, k, reward, utility)
        np.testing.assert_allclose(gradient, (rho * reward) @ scores, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize(("n", "scale"), [(3, 1.0), (5, 0.1), (6, 5.0), (7, 30.0), (6, 1000.0), (12, 1.0)])
def test_set_probability_and_score_agree_with_enumeration(n, scale):
    logits, _, _ = problem(n, scale)
    for k in range(1, n + 1):
        member, log_p, scores = log_sets(logits, k)
        sets = np.nonzero(member)[1].reshape(-1, k)
        np.testing.assert_allclose(capg.set_log_prob(logits, sets), log_p, rtol=TOLERANCE, atol=TOLERANCE)
        np.testing.assert_allclose(capg.set_score(logits, sets), scores, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("name", ["uniform", "anti", "mixture"])
def test_other_late_stages_agree_with_enumeration(name):
    logits, utility, reward = problem(7, 1.5)
    for k in range(1, 8):
        log_pi, pi_scores = log_inclusion(logits, k)
        best, best_scores = log_outcome(logits, k, utility)
        worst, worst_scores = log_outcome(logits, k, -utility)
        parts = {
            "uniform": [(np.exp(log_pi) / k, pi_scores, 1.0)],
            "anti": [(np.exp(worst), worst_scores, 1.0)],
            "mixture": [(np.exp(best), best_scores, 0.7), (np.exp(log_pi) / k, pi_scores, 0.3)],
        }[name]
        stage = capg.mix("optimal", "uniform", 0.3) if name == "mixture" else name
        rho = sum(share * p for p, _, share in parts)
        gradient = sum(share * (p * reward) @ s for p, s, share in parts)
        np.testing.assert_allclose(capg.outcome_probabilities(logits, k, utility, stage), rho, atol=TOLERANCE)
        assert capg.policy_value(logits, k, reward, utility, stage) == pytest.approx(rho @ reward, abs=TOLERANCE)
        np.testing.assert_allclose(capg.policy_gradient(logits, k, reward, utility, stage), gradient, atol=TOLERANCE)


@pytest.mark.parametrize(
    ("logits", "k", "expected"),
    [
        ([1000.0, 0.0, 0.0], 2, [1.0, 0.5, 0.5]),
        ([0.0, -1e9, 1e9], 2, [1.0, 0.0, 1.0]),
        ([0.0, -np.inf, 0.0, 0.0, 0.0], 2, [0.5, 0.0, 0.5, 0.5, 0.5]),
        ([3.0, -4.0], 2, [1.0, 1.0]),
        ([1e6, 1e6, 1e6, 1e6], 3, [0.75] * 4),
    ],
)
def test_extreme_logits_have_the_probabilities_one_can_tell_by_hand(logits, k, expected):
    np.testing.assert_allclose(capg.inclusion_probabilities(logits, k), expected, atol=1e-14)


def test_masked_items_behave_as_if_absent():
    logits, utility, reward = problem(9, 2.0)
    keep = np.array([0, 2, 3, 5, 6, 8])
    masked = np.full(9, -np.inf)
    masked[keep] = logits[keep]
    for k in range(1, 7):
        for ours, alone in [
            (capg.inclusion_probabilities(masked, k), capg.inclusion_probabilities(logits[keep], k)),
            (
                capg.outcome_probabilities(masked, k, utility),
                capg.outcome_probabilities(logits[keep], k, utility[keep]),
            ),
            (
                capg.policy_gradient(masked, k, reward, utility),
                capg.policy_gradient(logits[keep], k, reward[keep], utility[keep]),
            ),
        ]:
            np.testing.assert_allclose(ours[keep], alone, atol=1e-14)
            assert not np.delete(ours, keep).any()


@pytest.mark.parametrize("n", [100, pytest.param(1000, marks=pytest.mark.slow)])
@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("share", [0.002, 0.02, 0.3, 0.97])
def test_sum_rules_hold_for_many_items(n, scale, share):
    logits, utility, reward = problem(n, scale)
    k = max(1, round(share * n))
    assert capg.inclusion_probabilities(logits, k).sum() == pytest.approx(k, abs=1e-10)
    assert capg.outcome_probabilities(logits, k, utility).sum() == pytest.approx(1.0, abs=1e-10)
    assert abs(capg.inclusion_gradient(logits, k, reward).sum()) < 1e-10
    assert abs(capg.policy_gradient(logits, k, reward, utility).sum()) < 1e-10


@pytest.mark.parametrize("k", [1, 7, 60])
def test_gradients_of_many_items_agree_with_finite_differences(k):
    logits, utility, reward = problem(200, 1.0)
    direction = np.random.default_rng(5).normal(size=200)
    step = 1e-5

    def slope(f):
        return (f(logits + step * direction) - f(logits - step * direction)) / (2 * step)

    by_difference = slope(lambda x: capg.inclusion_probabilities(x, k) @ reward)
    assert capg.inclusion_gradient(logits, k, reward) @ direction == pytest.approx(by_difference, rel=1e-6, abs=1e-9)
    by_difference = slope(lambda x: capg.policy_value(x, k, reward, utility))
    gradient = capg.policy_gradient(logits, k, reward, utility)
    assert gradient @ direction == pytest.approx(by_difference, rel=1e-6, abs=1e-9)
    a = np.argsort(-utility)[2]
    by_difference = slope(lambda x: np.log(capg.outcome_probabilities(x, k, utility)[a]))
    assert capg.outcome_score(logits, [a], k, utility)[0] @ direction == pytest.approx(by_difference, rel=1e-6)


def test_scores_average_to_zero_and_add_up_to_the_gradient():
    logits, utility, reward = problem(60, 1.0)
    for k in (2, 20, 59):
        rho = capg.outcome_probabilities(logits, k, utility)
        items = np.flatnonzero(rho > 0)
        scores = capg.outcome_score(logits, items, k, utility)
        np.testing.assert_allclose(rho[items] @ scores, 0.0, atol=1e-12)
        gradient = capg.policy_gradient(logits, k, reward, utility)
        np.testing.assert_allclose((rho * reward)[items] @ scores, gradient, atol=1e-12)


def test_an_item_the_late_stage_never_shows_has_no_score():
    with pytest.raises(ValueError, match="item 2.*never outputs"):
        capg.outcome_score([0.0, 0.0, 0.0], [2], 2, [3.0, 2.0, 1.0])
