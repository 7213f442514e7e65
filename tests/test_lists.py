"""List and set probabilities: totals, stability and agreement with each other."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import capg_core as capg

LOGITS = arrays(np.float64, st.integers(2, 7), elements=st.floats(-60, 60))
SETTINGS = settings(max_examples=60, deadline=None, derandomize=True)


@SETTINGS
@given(LOGITS, st.data())
def test_lists_sum_to_their_set_and_sets_to_one(logits, data):
    n = logits.size
    k = data.draw(st.integers(1, n))
    sets = np.array(list(itertools.combinations(range(n), k)))
    log_p = capg.set_log_prob(logits, sets)
    assert np.exp(np.logaddexp.reduce(log_p)) == pytest.approx(1.0, abs=1e-11)
    orders = np.array(list(itertools.permutations(sets[-1])))
    total = np.logaddexp.reduce(capg.list_log_prob(logits, orders))
    assert log_p[-1] == pytest.approx(total, rel=1e-11, abs=1e-11)


@SETTINGS
@given(LOGITS, st.data(), st.floats(-1e6, 1e6))
def test_a_shift_of_all_logits_changes_nothing_and_scores_sum_to_zero(logits, data, shift):
    n = logits.size
    k = data.draw(st.integers(1, n))
    candidates = np.array(data.draw(st.permutations(range(n))))[:k]
    for score in (capg.list_score, capg.set_score):
        rows = score(logits, candidates)
        assert abs(rows.sum()) < 1e-11
        np.testing.assert_allclose(score(logits + shift, candidates), rows, atol=1e-7)
    pi = capg.inclusion_probabilities(logits, k)
    assert pi.sum() == pytest.approx(k, abs=1e-10)
    np.testing.assert_allclose(capg.inclusion_probabilities(logits + shift, k), pi, atol=1e-7)


@SETTINGS
@given(LOGITS, st.data())
def test_a_higher_logit_or_a_larger_k_never_lowers_inclusion(logits, data):
    n = logits.size
    k = data.draw(st.integers(1, n - 1))
    pi = capg.inclusion_probabilities(logits, k)
    assert (np.diff(pi[np.argsort(logits)]) >= -1e-13).all()
    assert (capg.inclusion_probabilities(logits, k + 1) >= pi - 1e-13).all()


def test_list_probability_is_a_product_of_softmaxes():
    logits = np.array([0.3, -1.0, 2.0, 0.5])
    w = np.exp(logits)
    by_hand = w[2] / w.sum() * w[0] / (w.sum() - w[2]) * w[1] / (w[1] + w[3])
    assert capg.list_log_prob(logits, [2, 0, 1]) == pytest.approx(math.log(by_hand))


@pytest.mark.parametrize("scale", [1.0, 30.0, 1000.0])
def test_list_score_is_the_derivative_and_stays_exact_when_little_is_left(scale):
    rng = np.random.default_rng(0)
    logits = scale * np.sort(rng.normal(size=8))[::-1]
    candidates = np.argsort(-logits)[:7]  # the heaviest first: what is left is tiny
    softmaxes = np.zeros(8)
    left = np.ones(8, bool)
    for a in candidates:
        share = np.exp(np.where(left, logits, -np.inf) - np.logaddexp.reduce(logits[left]))
        softmaxes += np.eye(8)[a] - share
        left[a] = False
    np.testing.assert_allclose(capg.list_score(logits, candidates), softmaxes, atol=1e-12)


def test_batches_keep_their_leading_shape():
    logits = np.linspace(-1, 1, 6)
    candidates = np.array([[[0, 1], [2, 3]], [[4, 5], [5, 0]], [[1, 2], [3, 1]]])
    assert capg.list_log_prob(logits, candidates).shape == (3, 2)
    assert capg.set_log_prob(logits, candidates).shape == (3, 2)
    scores = capg.set_score(logits, candidates)
    assert scores.shape == (3, 2, 6)
    np.testing.assert_allclose(scores[1, 0], capg.set_score(logits, [4, 5]))
    assert isinstance(capg.list_log_prob(logits, [3, 1]), float)


def test_long_sets_agree_with_a_finer_quadrature():
    # set probabilities of 200 of 1,000 items, against SciPy's own quadrature of the same integral in t
    from scipy import integrate

    rng = np.random.default_rng(6)
    logits = rng.normal(size=1000)
    candidates = capg.sample_candidates(logits, 200, rng)
    w = np.exp(logits)
    rest = w.sum() - w[candidates].sum()

    def log_integrand(t):
        return np.log(rest) - rest * t + np.log(-np.expm1(-np.outer(w[candidates], t))).sum(axis=0)

    grid = np.linspace(1e-4, 1, 20001)
    top = log_integrand(grid).max()

    def relative(t):
        return float(np.exp(log_integrand(np.array([t]))[0] - top))

    mass, _ = integrate.quad(relative, 0, 2, points=[0.1, 0.2], limit=500)
    assert capg.set_log_prob(logits, candidates) == pytest.approx(top + np.log(mass), abs=1e-7)
