"""Candidates and late-stage choices drawn for a whole batch: against their exact frequencies."""

import numpy as np
import pytest
from scipy import stats

import capg_core as capg
from capg_core.batch.draw import choose_batch, draw_batch
from capg_core.late_stage import LATE_STAGES, noisy, part_arrays


def list_frequencies(theta, shares, n, n_items, seed):
    tiled = np.ascontiguousarray(np.broadcast_to(theta[:, None, :], (theta.shape[0], n, n_items)))
    lists = np.empty((n, int(shares.sum())), np.int64)
    draw_batch(tiled, shares, np.random.default_rng(seed), True, lists, np.empty_like(tiled), np.empty(tiled.shape[:2]))
    return lists


def chance_of_list(theta, shares, places):
    left, p, start = np.ones(theta.shape[1], bool), 1.0, 0
    for m, share in enumerate(shares):
        for a in places[start : start + share]:
            p *= np.exp(theta[m, a] - np.logaddexp.reduce(theta[m, left]))
            left[a] = False
        start += share
    return p


@pytest.mark.parametrize("n_items, shares", [(12, [2]), (5, [2]), (5, [1, 1]), (12, [1, 1]), (4, [2, 1]), (11, [0, 2])])
def test_lists_have_their_plackett_luce_frequencies(n_items, shares):
    """Chi-squared over all ordered lists, both ways of drawing; a false alarm once in 1e4 runs a case."""
    shares, n = np.array(shares), 60_000
    theta = np.random.default_rng(n_items).normal(size=(shares.size, n_items))
    lists = list_frequencies(theta, shares, n, n_items, 1)
    k = int(shares.sum())
    code = lists @ n_items ** np.arange(k)
    seen = np.bincount(code, minlength=n_items**k)
    chance = np.zeros(n_items**k)
    for index in np.ndindex(*[n_items] * k):
        if len(set(index)) == k:
            chance[np.array(index) @ n_items ** np.arange(k)] = chance_of_list(theta, shares, list(index))
    assert chance.sum() == pytest.approx(1.0)
    assert (seen[chance == 0.0] == 0).all()
    keep = chance * n > 5.0
    observed = np.append(seen[keep], n - seen[keep].sum())
    expected = np.append(chance[keep], 1.0 - chance[keep].sum()) * n
    if expected[-1] < 5.0:
        observed, expected = observed[:-1], expected[:-1] * observed[:-1].sum() / expected[:-1].sum()
    assert stats.chisquare(observed, expected).pvalue > 1e-4


@pytest.mark.parametrize("k", [5, 40, 150, 199, 200])
@pytest.mark.parametrize("scale", [0.0, 1.0, 100.0, 1e4])
def test_lists_repeat_no_item_and_keep_off_masked_ones(k, scale):
    theta = scale * np.random.default_rng(k).normal(size=(1, 30, 230))
    theta[:, :, :30] = -np.inf
    lists = np.empty((30, k), np.int64)
    for ordered in (True, False):
        draw_batch(
            theta, np.array([k]), np.random.default_rng(0), ordered, lists, np.empty_like(theta), np.empty((1, 30))
        )
        assert lists.min() >= 30 and lists.max() < 230
        assert (np.diff(np.sort(lists, axis=1), axis=1) > 0).all()
        if scale == 1e4:  # so far apart that the order is certain (but for near ties)
            certain = np.argsort(-theta[0], axis=1)[:, :k]
            assert (np.sort(certain, axis=1) == np.sort(lists, axis=1)).mean() > 0.97


@pytest.mark.parametrize("n_items, k", [(300, 20), (60, 30)])  # draw by draw, and by the race
def test_inclusion_frequencies_are_the_exact_probabilities(n_items, k):
    """Largest of n standardised differences; a false alarm once in 1e4 runs."""
    theta, n = 2.0 * np.random.default_rng(4).normal(size=n_items), 40_000
    lists = list_frequencies(theta[None], np.array([k]), n, n_items, 5)
    pi = capg.inclusion_probabilities(theta, k)
    error = np.bincount(lists.ravel(), minlength=n_items) / n - pi
    z = np.abs(error) / np.sqrt(pi * (1 - pi) / n + 1e-12)
    assert z.max() < stats.norm.isf(1e-4 / (2 * n_items)) + 0.3


def choose(candidates, utility, stages, chances, n_outputs=1, beta=1.0, noise=None, seed=0):
    candidates = np.ascontiguousarray(candidates, dtype=np.int64)
    out = np.empty((candidates.shape[0], n_outputs), np.int64)
    records = [noisy(beta) if name == "noisy" else LATE_STAGES[name] for name in stages]
    parts = list(zip(records, chances, strict=True))
    noise = np.empty((0, 0)) if noise is None else noise
    users = np.zeros(candidates.shape[0], np.int64)
    stage, rng = part_arrays(parts), np.random.default_rng(seed)
    choose_batch(candidates, np.array([utility], float), users, noise, *stage, rng, out)
    return out


def test_strict_late_stages_show_the_best_first_and_ties_by_index():
    utility = [0.5, 2.0, 1.0, 2.0, -1.0]
    assert choose([[4, 3, 2, 1]], utility, ["optimal"], [1.0], 3).tolist() == [[1, 3, 2]]
    assert choose([[3, 0, 1, 4]], utility, ["anti"], [1.0], 3).tolist() == [[4, 0, 1]]


def test_random_late_stages_have_their_frequencies():
    """Binomial counts within 4.5 standard errors; a false alarm once in 1e4 runs."""
    n, utility = 40_000, np.array([0.0, 0.7, 1.5])
    lists = np.tile([0, 1, 2], (n, 1))
    soft = np.exp(2.0 * utility) / np.exp(2.0 * utility).sum()
    uniform, best = np.full(3, 1 / 3), np.array([0.0, 0.0, 1.0])
    for stages, chances, chance in (
        (["uniform"], [1.0], uniform),
        (["noisy"], [1.0], soft),
        (["optimal", "uniform"], [0.7, 0.3], 0.7 * best + 0.3 * uniform),
        (["anti", "noisy"], [0.5, 0.5], 0.5 * best[::-1] + 0.5 * soft),
    ):
        seen = np.bincount(choose(lists, utility, stages, chances, beta=2.0)[:, 0], minlength=3) / n
        assert np.abs(seen - chance).max() < 4.5 * 0.5 / np.sqrt(n), stages


def test_a_noisy_late_stage_follows_the_noise_it_is_given():
    noise = np.array([[-3.0, 3.0, 0.0], [6.0, 3.0, 0.0]])
    assert choose([[0, 1, 2], [0, 1, 2]], [3.0, 2.0, 1.0], ["noisy"], [1.0], noise=noise)[:, 0].tolist() == [1, 0]


def test_arrivals_at_one_time_let_nobody_in_who_came_later():
    """Logits so far apart that the light items arrive at the same double: the heavy one is in every list."""
    logits = np.full((400, 51), -1e15)
    logits[:, 50] = 0.0
    lists = capg.sample_batch(logits, 5, np.random.default_rng(0))
    assert (lists == 50).any(axis=1).all()
    assert all(np.unique(row).size == 5 for row in lists)
