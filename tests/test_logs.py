"""Off-policy value: expectations, bias and variance by enumeration of all lists; intervals by simulation; refusals."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

import capg_core as capg
from capg_core.late_stage import as_parts
from capg_core.logs.ratios import log_outcome

N_ITEMS = 6
STAGES = ["optimal", "anti", "uniform", capg.mix("optimal", "uniform", 0.3), capg.mix("anti", "optimal", 0.25)]
every_stage = pytest.mark.parametrize("stage", STAGES, ids=str)
every_k = pytest.mark.parametrize("k", range(1, N_ITEMS + 1))


def policies(seed=0):
    """Return (old logits, new logits, mean reward, utility) of a small problem."""
    rng = np.random.default_rng(seed)
    old = rng.normal(size=N_ITEMS)
    return old, old + 1.5 * rng.normal(size=N_ITEMS), rng.random(N_ITEMS), rng.normal(size=N_ITEMS)


def list_chance(logits, lists):
    """Return P(list), a product of softmaxes over what is left."""
    w, chance = np.exp(logits), np.ones(len(lists))
    left = np.full(len(lists), w.sum())
    for draw in lists.T:
        chance *= w[draw] / left
        left -= w[draw]
    return chance


def pick_chance(lists, utility, stage):
    """Return the chance (lists, k) that each candidate of a list is the one shown."""
    if isinstance(stage, capg.Mixture):
        first, second = (pick_chance(lists, utility, part) for part in (stage.first, stage.second))
        return (1.0 - stage.epsilon) * first + stage.epsilon * second
    if stage == "uniform":
        return np.full(lists.shape, 1.0 / lists.shape[1])
    liked = utility[lists] if stage == "optimal" else -utility[lists]
    return (liked == liked.max(axis=1, keepdims=True)).astype(float)


def all_records(old, utility, k, stage):
    """Return (lists, shown, chance) of every record that the old policy can make."""
    lists = np.array(list(itertools.permutations(range(old.size), k)))
    chance = list_chance(old, lists)[:, None] * pick_chance(lists, utility, stage)
    row, column = np.nonzero(chance)
    return lists[row], lists[row, column], chance[row, column]


def weights_of(old, new, shown, k, **options):
    """Return the weight of each record: N times the record's share in the value is its weight times its reward."""
    return capg.off_policy_value(old, new, shown, np.zeros(shown.size), k, **options).importance


def true_value(logits, k, reward, utility, stage):
    lists = np.array(list(itertools.permutations(range(logits.size), k)))
    chance = list_chance(logits, lists)[:, None] * pick_chance(lists, utility, stage)
    return (chance * reward[lists]).sum()


@every_stage
@every_k
def test_outcome_and_list_weights_are_unbiased(stage, k):
    old, new, reward, utility = policies(k)
    lists, shown, chance = all_records(old, utility, k, stage)
    truth = true_value(new, k, reward, utility, stage)
    outcome = weights_of(old, new, shown, k, utility=utility, late_stage=stage)
    by_list = weights_of(old, new, shown, k, candidates=lists, weights="list")
    for weight in (outcome, by_list):
        assert chance @ (weight * reward[shown]) == pytest.approx(truth, abs=1e-12)
        assert chance @ weight == pytest.approx(1.0, abs=1e-12)
    np.testing.assert_allclose(by_list, list_chance(new, lists) / list_chance(old, lists), rtol=1e-11)


@every_stage
@every_k
def test_the_outcome_weight_is_the_mean_of_the_list_weight_given_the_item_so_it_is_never_noisier(stage, k):
    old, new, reward, utility = policies(10 + k)
    lists, shown, chance = all_records(old, utility, k, stage)
    outcome = weights_of(old, new, shown, k, utility=utility, late_stage=stage)
    by_list = weights_of(old, new, shown, k, candidates=lists, weights="list")
    for item in np.unique(shown):
        here = shown == item
        given = chance[here] @ by_list[here] / chance[here].sum()
        np.testing.assert_allclose(outcome[here], given, rtol=1e-11)
    noise = [chance @ (weight * reward[shown]) ** 2 for weight in (outcome, by_list)]
    assert noise[0] <= noise[1] * (1 + 1e-12)
    if 1 < k < N_ITEMS:
        assert noise[0] < 0.99 * noise[1]


@every_stage
@every_k
def test_inclusion_weights_have_the_bias_that_is_said(stage, k):
    old, new, reward, utility = policies(20 + k)
    _, shown, chance = all_records(old, utility, k, stage)
    weight = weights_of(old, new, shown, k, weights="inclusion")
    found = chance @ (weight * reward[shown]) - true_value(new, k, reward, utility, stage)
    pi_old, pi_new = (_inclusion(logits, k) for logits in (old, new))
    rho_old, rho_new = (_outcome(logits, k, utility, stage) for logits in (old, new))
    said = reward @ (pi_new * (rho_old / pi_old - rho_new / pi_new))
    assert found == pytest.approx(said, abs=1e-12)
    if stage == "uniform":
        assert found == pytest.approx(0.0, abs=1e-12)
    elif 1 < k < N_ITEMS:
        assert abs(found) > 1e-4


def _inclusion(logits, k):
    lists = np.array(list(itertools.permutations(range(logits.size), k)))
    return np.bincount(lists.ravel(), list_chance(logits, lists).repeat(k), logits.size)


def _outcome(logits, k, utility, stage):
    lists = np.array(list(itertools.permutations(range(logits.size), k)))
    chance = list_chance(logits, lists)[:, None] * pick_chance(lists, utility, stage)
    return np.bincount(lists.ravel(), chance.ravel(), logits.size)


@every_k
@pytest.mark.parametrize("clip", [0.3, 1.0, 2.5])
def test_a_clipped_value_is_too_low_by_what_is_cut_off(k, clip):
    old, new, reward, utility = policies(30 + k)
    _, shown, chance = all_records(old, utility, k, "optimal")
    rho_old, rho_new = (_outcome(logits, k, utility, "optimal") for logits in (old, new))
    weight = weights_of(old, new, shown, k, utility=utility, clip=clip)
    can = rho_old > 0.0
    said = (rho_old[can] * np.minimum(rho_new[can] / rho_old[can], clip)) @ reward[can]
    assert chance @ (weight * reward[shown]) == pytest.approx(said, abs=1e-12)
    assert said <= true_value(new, k, reward, utility, "optimal") + 1e-12


def a_log(k, n_records, seed=0, n=100, stage="optimal", shift=1.0):
    """Return (old, new, q, lists, shown) of a log made by sampling."""
    rng = np.random.default_rng(seed)
    old, q = rng.normal(size=n), rng.random(n)
    new = old + shift * rng.normal(size=n)
    lists = capg.sample_candidates(old, k, rng, n_records)
    return old, new, q, lists, capg.choose_output(lists, q, stage, rng)


@pytest.mark.parametrize(
    ("k", "list_share", "outcome_share"), [(20, (0.0, 0.01), (0.4, 0.9)), (5, (0.01, 0.1), (0.3, 0.8))]
)
def test_a_list_ratio_dies_with_k_and_an_outcome_ratio_does_not(k, list_share, outcome_share):
    """
    The shares of the records that are left, medians over 15 problems of 20,000 records.

    One problem is no measure: over 100 of them the outcome's share at K = 20 goes from 22 % to 76 %, from the 5th to
    the 95th percentile.
    """
    shares = []
    for seed in range(15):
        old, new, q, lists, shown = a_log(k, 20_000, seed)
        truth = capg.policy_value(new, k, q)
        outcome = capg.off_policy_value(old, new, shown, q[shown], k, utility=q)
        by_list = capg.off_policy_value(old, new, shown, q[shown], k, candidates=lists, weights="list")
        shares.append([found.effective_sample_size / 20_000 for found in (by_list, outcome)])
        assert abs(outcome.value - truth) < 5 * outcome.standard_error  # 6e-7 over seeds
        assert by_list.standard_error > 2 * outcome.standard_error
    for share, (low, high) in zip(np.median(shares, axis=0), (list_share, outcome_share), strict=True):
        assert low < share < high


@pytest.mark.parametrize("self_normalised", [False, True])
def test_intervals_cover_the_value_as_often_as_they_say(self_normalised):
    """1,000 logs of 2,000 records with rewards of 0 or 1; outside 921 … 974 of them by chance: below 1e-3."""
    n_logs, n_records, k = 1000, 2000, 3
    old, new, reward, utility = policies(4)
    rng = np.random.default_rng(5)
    lists = capg.sample_candidates(old, k, rng, n_logs * n_records)
    shown = capg.choose_output(lists, utility).reshape(n_logs, n_records)
    rewards = rng.random(shown.shape) < reward[shown]
    truth = true_value(new, k, reward, utility, "optimal")
    found = [
        capg.off_policy_value(old, new, a, r.astype(float), k, utility=utility, self_normalised=self_normalised)
        for a, r in zip(shown, rewards, strict=True)
    ]
    covered = sum(abs(one.value - truth) <= 1.96 * one.standard_error for one in found)
    assert stats.binom.cdf(920, n_logs, 0.95) + stats.binom.sf(974, n_logs, 0.95) < 1e-3
    assert 920 < covered < 975
    spread = np.std([one.value for one in found]) / np.mean([one.standard_error for one in found])
    assert 0.9 < spread < 1.1  # its own relative error is 2 %


def test_the_standard_error_and_the_effective_sample_size_are_their_formulas():
    old, new, q, _, shown = a_log(5, 300)
    rewards = np.random.default_rng(1).normal(size=300)
    found = capg.off_policy_value(old, new, shown, rewards, 5, utility=q)
    w = capg.outcome_probabilities(new, 5, q)[shown] / capg.outcome_probabilities(old, 5, q)[shown]
    np.testing.assert_allclose(found.importance, w, rtol=1e-11)
    assert found.value == pytest.approx(np.mean(w * rewards))
    assert found.standard_error == pytest.approx(np.std(w * rewards, ddof=1) / math.sqrt(300))
    assert found.effective_sample_size == pytest.approx(w.sum() ** 2 / (w**2).sum())
    again = capg.off_policy_value(old, new, shown, rewards, 5, utility=q, self_normalised=True)
    mean = (w * rewards).sum() / w.sum()
    assert again.value == pytest.approx(mean)
    assert again.standard_error == pytest.approx(math.sqrt((w**2 * (rewards - mean) ** 2).sum()) / w.sum())


@pytest.mark.parametrize("weights", ["outcome", "list", "inclusion"])
def test_the_logging_policy_itself_has_its_mean_reward_and_every_record_counts(weights):
    old, _, q, lists, shown = a_log(5, 200)
    found = capg.off_policy_value(old, old + 3.0, shown, q[shown], 5, utility=q, candidates=lists, weights=weights)
    assert found.value == pytest.approx(q[shown].mean(), rel=1e-11)
    assert found.effective_sample_size == pytest.approx(200, rel=1e-11)
    np.testing.assert_allclose(found.importance, 1.0, rtol=1e-11)


def test_what_may_be_added_without_effect():
    old, new, q, _, shown = a_log(5, 500)
    base = capg.off_policy_value(old, new, shown, q[shown], 5, utility=q)
    moved = capg.off_policy_value(old - 40.0, new + 7.0, shown, q[shown], 5, utility=2.0 * q + 1.0)
    assert moved.value == pytest.approx(base.value, rel=1e-10)  # all logits, and any order-keeping utility
    one, other = (
        capg.off_policy_value(old, new, shown, q[shown] + c, 5, utility=q, self_normalised=True) for c in (0.0, 10.0)
    )
    assert other.value == pytest.approx(one.value + 10.0, rel=1e-12)
    assert other.standard_error == pytest.approx(one.standard_error, rel=1e-10)
    plain = capg.off_policy_value(old, new, shown, q[shown] + 10.0, 5, utility=q)
    assert abs(plain.value - base.value - 10.0) > 1e-3  # a plain value moves with the mean weight


@pytest.mark.parametrize("weights", ["outcome", "list", "inclusion"])
@pytest.mark.parametrize("marginal", ["exact", "asymptotic"])
def test_one_row_and_a_row_for_each_record_are_the_same(weights, marginal):
    old, new, q, lists, shown = a_log(5, 40, n=30, stage=capg.mix("optimal", "uniform", 0.3))
    rewards, given = q[shown], dict(candidates=lists, weights=weights, marginal=marginal)
    given["late_stage"] = capg.mix("optimal", "uniform", 0.3)
    rows = [np.tile(x, (40, 1)) for x in (old, new, q)]
    one = capg.off_policy_value(old, new, shown, rewards, 5, utility=q, **given)
    for a, b, u in itertools.product(*zip((old, new, q), rows, strict=True)):
        many = capg.off_policy_value(a, b, shown, rewards, 5, utility=u, **given)
        np.testing.assert_array_equal(many.importance, one.importance)
    # contexts in any order, some repeated
    rng = np.random.default_rng(2)
    olds, news, us = (rng.normal(size=(4, 30)) for _ in range(3))
    which = rng.integers(4, size=40)
    lists = np.array([capg.sample_candidates(olds[c], 5, rng) for c in which])
    shown = np.array([x[us[c][x].argmax()] for x, c in zip(lists, which, strict=True)])
    given["candidates"] = lists
    many = capg.off_policy_value(olds[which], news[which], shown, rewards, 5, utility=us[which], **given)
    for c in range(4):
        here = np.flatnonzero(which == c)
        given["candidates"] = lists[here]
        alone = capg.off_policy_value(olds[c], news[c], shown[here], rewards[here], 5, utility=us[c], **given)
        np.testing.assert_allclose(many.importance[here], alone.importance, rtol=1e-12)


@pytest.mark.parametrize(("n", "k", "worst"), [(100, 5, 0.1), (100, 20, 0.05), (1000, 20, 0.01)])
@pytest.mark.parametrize("stage", ["optimal", "anti", capg.mix("optimal", "uniform", 0.3), "uniform"], ids=str)
def test_asymptotic_probabilities_are_near_the_exact_ones_also_where_they_are_small(n, k, worst, stage):
    rng = np.random.default_rng(n + k)
    logits, utility, items = rng.normal(size=n), rng.random(n), np.arange(n)
    exact, fast = (
        log_outcome(logits, utility, as_parts(stage), k, items, marginal) for marginal in ("exact", "asymptotic")
    )
    often = exact > math.log(1e-3)
    assert np.abs(fast[often] - exact[often]).max() < worst
    assert ((exact == -np.inf) == (fast == -np.inf)).all()
    assert np.exp(fast).sum() == pytest.approx(1.0, abs=worst)


def test_an_asymptotic_value_is_near_the_exact_one():
    old, new, q, _, shown = a_log(20, 5000)
    one, other = (
        capg.off_policy_value(old, new, shown, q[shown], 20, utility=q, marginal=m) for m in ("exact", "asymptotic")
    )
    assert other.value == pytest.approx(one.value, rel=0.01)
    assert other.effective_sample_size == pytest.approx(one.effective_sample_size, rel=0.05)


def test_what_is_said_to_be_unbiased():
    old, new, q, lists, shown = a_log(3, 50, n=12)

    def unbiased(**options):
        return capg.off_policy_value(
            old, new, shown, q[shown], 3, **{"utility": q, "candidates": lists} | options
        ).unbiased

    assert unbiased() and unbiased(weights="list", late_stage="noisy")
    assert unbiased(weights="list", marginal="asymptotic")
    assert not unbiased(weights="inclusion") and unbiased(weights="inclusion", late_stage="uniform")
    assert not (unbiased(marginal="asymptotic") or unbiased(clip=9.0) or unbiased(self_normalised=True))
    # the new policy can draw what the old one could not: no record tells of it
    masked = capg.off_policy_value([0.0, 0.0, -np.inf], np.zeros(3), [0, 1], [1.0, 1.0], 1, utility=[1.0, 1.0, 10.0])
    assert not masked.unbiased


def test_an_item_that_the_new_policy_never_shows_counts_nothing():
    old, new, _, utility = policies(7)
    best = int(utility.argmax())
    new[best] = -np.inf
    lists, shown, chance = all_records(old, utility, 2, "optimal")
    for given in ({"utility": utility}, {"weights": "list", "candidates": lists}, {"weights": "inclusion"}):
        weight = weights_of(old, new, shown, 2, **given)
        assert (weight[shown == best] == 0.0).all() and np.isfinite(weight).all()
        if "weights" not in given:
            assert chance @ weight == pytest.approx(1.0, abs=1e-12)
    nothing = capg.off_policy_value(old, new, [best, best], [1.0, 2.0], 2, utility=utility)
    assert (nothing.value, nothing.standard_error, nothing.effective_sample_size) == (0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match="new_logits gives every logged item no chance"):
        capg.off_policy_value(old, new, [best, best], [1.0, 2.0], 2, utility=utility, self_normalised=True)


@pytest.mark.parametrize("weights", ["outcome", "list", "inclusion"])
@pytest.mark.parametrize("marginal", ["exact", "asymptotic"])
@pytest.mark.parametrize("scale", [1e3, 1e6, 1e12])
def test_policies_far_apart_stay_finite_or_are_refused_by_the_record(weights, marginal, scale):
    rng = np.random.default_rng(8)
    old, direction, q = rng.normal(size=12), rng.normal(size=12), rng.random(12)
    lists = capg.sample_candidates(old, 4, rng, 60)
    shown = capg.choose_output(lists, q)
    given = dict(utility=q, candidates=lists, weights=weights, marginal=marginal)
    there = capg.off_policy_value(old, scale * direction, shown, q[shown], 4, **given)
    for one in (there, capg.off_policy_value(old, scale * direction, shown, q[shown], 4, clip=2.0, **given)):
        assert np.isfinite([one.value, one.standard_error, one.effective_sample_size]).all()
        assert np.isfinite(one.importance).all() and one.effective_sample_size <= 60 * (1 + 1e-12)
    # the other way round the log would be one that this policy never makes
    back = (scale * direction, old, shown, q[shown], 4)
    with pytest.raises(ValueError, match=r"new_logits: record \d+, shown\[\d+\] = \d+, has the weight exp"):
        capg.off_policy_value(*back, **given)
    clipped = capg.off_policy_value(*back, clip=5.0, **given)
    assert np.isfinite(clipped.value) and clipped.importance.max() <= 5.0 * (1 + 1e-15)


def test_arguments_stay_as_they_were_and_the_weights_cannot_be_changed():
    old, new, q, lists, shown = a_log(3, 50, n=12)
    given = [x.copy() for x in (old, new, q, lists, shown)]
    for weights in ("outcome", "list", "inclusion"):
        found = capg.off_policy_value(old, new, shown, q[shown], 3, utility=q, candidates=lists, weights=weights)
        with pytest.raises(ValueError, match="read-only"):
            found.importance[0] = 0.0
    for before, after in zip(given, (old, new, q, lists, shown), strict=True):
        np.testing.assert_array_equal(before, after)
