"""Samplers against the exact distribution, by chi-square with a fixed seed.

Each test fails on a correct sampler with probability 1e-6 (over seeds); the seed is fixed, so it never flickers.
"""

import itertools
import tracemalloc

import numpy as np
import pytest
from scipy import stats

import capg_core as capg

ALPHA = 1e-6
FLAT_TO_PEAKED = [
    ([0.0, 0.0, 0.0, 0.0], 2),
    ([0.0, 1.0, 2.0, -1.0], 3),
    ([0.0, 1.0, 2.0, -1.0], 4),
    ([14.0, 0.0, 0.0, 0.0, 0.0], 2),  # one item holds 0.999999 of the weight
    ([12.0, 0.0, 1.0, -1.0, -1.5], 3),
    ([800.0, 0.0, -np.inf, 1.0, 30.0], 4),
    ([0.5, -np.inf, 0.0, 0.2, -0.4, 0.1], 1),
]


@pytest.mark.parametrize(("logits", "k"), FLAT_TO_PEAKED)
def test_ordered_lists_have_the_plackett_luce_distribution(logits, k):
    n_samples = 100_000
    lists = capg.sample_candidates(logits, k, np.random.default_rng(11), n_samples)
    possible = np.array(list(itertools.permutations(np.flatnonzero(np.isfinite(logits)), k)))
    expected = n_samples * np.exp(capg.list_log_prob(logits, possible))
    base = len(logits) ** np.arange(k)
    codes, counts = np.unique(lists @ base, return_counts=True)
    observed = dict(zip(codes.tolist(), counts.tolist(), strict=True))
    counts = np.array([observed.get(code, 0) for code in (possible @ base).tolist()])
    assert counts.sum() == n_samples  # nothing but possible lists
    rare = expected < 10
    counts = np.append(counts[~rare], counts[rare].sum())
    expected = np.append(expected[~rare], expected[rare].sum())
    if expected[-1] < 10:  # too few to test by themselves: with the next rarest
        smallest = np.argmin(expected[:-1])
        counts[smallest] += counts[-1]
        expected[smallest] += expected[-1]
        counts, expected = counts[:-1], expected[:-1]
    if expected.size > 1:
        statistic = ((counts - expected) ** 2 / expected).sum()
        assert stats.chi2.sf(statistic, expected.size - 1) > ALPHA


@pytest.mark.parametrize(("scale", "k"), [(0.0, 20), (1.0, 20), (6.0, 20), (1.0, 400), (1.0, 999)])
def test_inclusion_frequencies_of_a_thousand_items(scale, k):
    logits = scale * np.random.default_rng(2).normal(size=1000)
    n_samples = 4000
    lists = capg.sample_candidates(logits, k, np.random.default_rng(12), n_samples)
    assert (np.diff(np.sort(lists, axis=1), axis=1) > 0).all()  # no item twice
    counts = np.bincount(lists.ravel(), minlength=1000)
    pi = capg.inclusion_probabilities(logits, k)
    # each count is binomial; Bonferroni over the thousand items
    tail = np.minimum(stats.binom.cdf(counts, n_samples, pi), stats.binom.sf(counts - 1, n_samples, pi))
    assert tail.min() > ALPHA / 2000


def test_the_whole_order_when_every_item_is_a_candidate():
    logits = np.array([0.0, 3.0, -1.0, -np.inf])
    lists = capg.sample_candidates(logits, 3, np.random.default_rng(0), 20_000)
    assert (np.sort(lists, axis=1) == [0, 1, 2]).all()
    share = np.exp(logits[:3]) / np.exp(logits[:3]).sum()
    first = np.bincount(lists[:, 0], minlength=3)
    assert stats.chisquare(first, 20_000 * share).pvalue > ALPHA


def test_same_seed_same_lists_and_shapes():
    logits = np.linspace(-1, 1, 50)
    one = capg.sample_candidates(logits, 5, np.random.default_rng(3))
    assert one.shape == (5,)
    assert one.dtype == np.int64
    many = capg.sample_candidates(logits, 5, np.random.default_rng(3), 7)
    assert many.shape == (7, 5)
    np.testing.assert_array_equal(many, capg.sample_candidates(logits, 5, np.random.default_rng(3), 7))


def test_a_million_items_need_less_than_fifty_megabytes():
    logits = np.random.default_rng(0).normal(size=1_000_000)
    capg.sample_candidates(logits[:10], 5, np.random.default_rng(0), 2)  # compile outside the measurement
    tracemalloc.start()
    lists = capg.sample_candidates(logits, 100, np.random.default_rng(0), 100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert lists.shape == (100, 100)
    assert peak < 50e6


def test_choose_output_picks_what_the_late_stage_says():
    candidates = np.array([[2, 0, 1], [3, 1, 0]])
    utility = [0.1, 0.9, 0.5, 0.9]
    np.testing.assert_array_equal(capg.choose_output(candidates, utility), [1, 1])  # ties go to the lower index
    np.testing.assert_array_equal(capg.choose_output(candidates, utility, "anti"), [0, 0])
    many = np.tile(candidates[:1], (9000, 1))
    rng = np.random.default_rng(1)
    counts = np.bincount(capg.choose_output(many, utility, "uniform", rng), minlength=3)
    assert stats.chisquare(counts).pvalue > ALPHA
    mixed = capg.choose_output(many, utility, capg.mix("optimal", "anti", 0.25), rng)
    assert stats.binomtest(int((mixed == 0).sum()), 9000, 0.25).pvalue > ALPHA
