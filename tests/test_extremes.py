"""Logits far apart or far from zero, and outcomes rarer than the smallest double: scores and sums stay right."""

import numpy as np
import pytest
from enumeration import log_inclusion, log_outcome

import capg_core as capg

RNG = np.random.default_rng(0)


def far_problems():
    """Yield (logits, k, utility): normal ones times a large scale, and groups far from each other."""
    rng = np.random.default_rng(5)
    for scale in (200.0, 900.0, 3000.0):
        for n in (3, 5, 7):
            for k in range(1, n):
                yield scale * rng.normal(size=n), k, rng.normal(size=n)
                yield rng.normal(size=n) + scale * rng.integers(0, 3, n), k, np.round(rng.normal(size=n))


def test_outcome_scores_agree_with_enumeration_however_unlikely_the_outcome():
    n_rare = 0
    for logits, k, utility in far_problems():
        log_rho, scores = log_outcome(logits, k, utility)
        items = np.flatnonzero(log_rho > -np.inf)
        n_rare += np.count_nonzero(log_rho[items] < -700.0)
        for marginal in ("exact", "asymptotic"):
            found = capg.outcome_score(logits, items, k, utility, marginal)
            assert np.isfinite(found).all()
            if marginal == "exact":
                np.testing.assert_allclose(found, scores[items], atol=1e-10)
    assert n_rare > 50


@pytest.mark.parametrize("parts", [("optimal", "anti"), ("uniform", "optimal")])
def test_a_mixture_weighs_its_parts_where_both_are_rarer_than_a_double(parts):
    for logits, k, utility in far_problems():
        log_p, scores = [], []
        for part, share in zip(parts, (0.7, 0.3), strict=True):
            found = log_inclusion(logits, k) if part == "uniform" else None
            found = found or log_outcome(logits, k, utility if part == "optimal" else -utility)
            log_p.append(found[0] + np.log(share) - (np.log(k) if part == "uniform" else 0.0))
            scores.append(found[1])
        total = np.logaddexp(*log_p)
        for item in np.flatnonzero(total > -np.inf):
            expected = sum(np.exp(p[item] - total[item]) * s[item] for p, s in zip(log_p, scores, strict=True))
            candidates = [[item, *np.setdiff1d(np.arange(logits.size), item)[: k - 1]]]
            found = capg.estimate_gradients(
                logits, candidates, [item], [1.0], "Outcome-PG", utility=utility, late_stage=capg.mix(*parts, 0.3)
            )
            np.testing.assert_allclose(found[0], expected, atol=1e-9)


def scores_of(logits, k, utility, reward):
    """Return everything that a shift of all logits leaves as it is and that sums to zero, row by row."""
    finite = np.flatnonzero(np.isfinite(logits))
    order = finite[np.argsort(-utility[finite], kind="stable")]
    lists = np.array([finite[:k], finite[::-1][:k]])
    rows = [capg.inclusion_score(logits, finite, k, m) for m in ("exact", "asymptotic", "paper", "with_replacement")]
    rows += [capg.outcome_score(logits, order[: finite.size - k + 1], k, utility)]
    rows += [capg.list_score(logits, lists), capg.set_score(logits, lists)]
    rows += [capg.inclusion_gradient(logits, k, reward)[None], capg.policy_gradient(logits, k, reward, utility)[None]]
    return np.concatenate(rows)


@pytest.mark.parametrize("offset", [1e6, -1e9, 1e12])
def test_a_shift_of_all_logits_costs_no_digits(offset):
    """Logits in 64ths, so that the shifted ones are exact."""
    logits, utility, reward = np.round(64 * RNG.normal(size=9)) / 64, RNG.normal(size=9), RNG.normal(size=9)
    logits[3] = -np.inf
    for k in (1, 3, 7):
        near, far = scores_of(logits, k, utility, reward), scores_of(logits + offset, k, utility, reward)
        np.testing.assert_allclose(far, near, atol=1e-12)
        for marginal in ("exact", "asymptotic", "paper"):
            pi = capg.inclusion_probabilities(logits, k, marginal)
            np.testing.assert_allclose(capg.inclusion_probabilities(logits + offset, k, marginal), pi, atol=1e-12)
        rho = capg.outcome_probabilities(logits, k, utility)
        np.testing.assert_allclose(capg.outcome_probabilities(logits + offset, k, utility), rho, atol=1e-12)


@pytest.mark.parametrize("gap", [1e6, 1e9, 1e13])
def test_beyond_some_distance_it_does_not_matter_how_far_groups_are_apart(gap):
    group, within = np.array([0, 2, 1, 1, 0, 2, 1, 0]), np.round(64 * RNG.normal(size=8)) / 64
    utility, reward = RNG.normal(size=8), RNG.normal(size=8)
    for k in range(1, 8):
        near = scores_of(within + 2000.0 * group, k, utility, reward)
        found = scores_of(within + gap * group, k, utility, reward)
        np.testing.assert_allclose(found, near, atol=1e-10)
        assert np.abs(found.sum(axis=1)).max() < 1e-11 * max(1.0, np.abs(found).max())


def test_where_the_asymptotic_clock_may_stand_anywhere_it_does_not_stand_by_chance():
    """K is the size of whole groups: between them nothing arrives, and doubles far from zero are coarse."""
    group = np.array([0, 2, 1, 1, 0, 2, 1, 0])
    for seed in range(40):
        within = np.round(64 * np.random.default_rng(seed).normal(size=8)) / 64
        for k in (2, 5):
            near = capg.inclusion_score(within + 2000.0 * group, np.arange(8), k, "asymptotic")
            for gap in (1e6, 1e9, 1e13):
                far = capg.inclusion_score(within + gap * group, np.arange(8), k, "asymptotic")
                np.testing.assert_allclose(far, near, atol=1e-10)


@pytest.mark.parametrize("scale", [1.0, 60.0, 1e3, 1e6, 1e15])
def test_probabilities_and_cosines_keep_their_bounds(scale):
    rng = np.random.default_rng(3)
    for _ in range(40):
        n = int(rng.integers(2, 9))
        k = int(rng.integers(1, n + 1))
        logits, utility = np.clip(scale * rng.normal(size=n), -1e15, 1e15), rng.normal(size=n)
        for stage in ("optimal", "anti", "uniform", capg.mix("optimal", "anti", 0.1)):
            rho = capg.outcome_probabilities(logits, k, utility, stage)
            assert rho.min() >= 0.0 and rho.max() <= 1.0
        lists = np.array([rng.permutation(n)[:k] for _ in range(3)])
        assert capg.set_log_prob(logits, lists).max() <= 0.0 and capg.list_log_prob(logits, lists).max() <= 0.0
        found = capg.gradient_diagnostics(logits, k, utility, "CA-PG", n_samples=2, rng=rng)
        assert np.isnan(found.cosine) or abs(found.cosine) <= 1.0


def test_rewards_of_any_unit_have_a_signal_and_a_cosine():
    logits, reward = RNG.normal(size=6), RNG.normal(size=6)
    found = {}
    for unit in (1.0, 2.0**-700, 2.0**200):
        rng = np.random.default_rng(0)
        found[unit] = capg.gradient_diagnostics(logits, 2, unit * reward, "CA-PG", n_samples=5, rng=rng)
        assert found[unit].cosine == found[1.0].cosine
        assert found[unit].signal / unit == found[1.0].signal


def test_a_noisy_late_stage_whose_noise_is_lost_shows_the_lower_index():
    lists = [[3, 1], [2, 0], [3, 2]]
    for _ in range(5):
        assert capg.choose_output(lists, [1e30] * 4, "noisy", RNG).tolist() == [1, 0, 2]
