"""Bad input gets a ValueError that names the argument and the value, before anything is computed."""

import numpy as np
import pytest

import capg_core as capg
from capg_core.exact import inclusion, plackett_luce, value

LOGITS = np.array([0.5, -0.2, 0.1, -np.inf])
REWARD = np.array([1.0, 0.5, 0.2, 0.0])
RNG = np.random.default_rng(0)

TAKES_LOGITS_AND_K = {
    "sample": lambda logits, k: capg.sample_candidates(logits, k, RNG),
    "inclusion": capg.inclusion_probabilities,
    "inclusion_gradient": lambda logits, k: capg.inclusion_gradient(logits, k, REWARD),
    "inclusion_score": lambda logits, k: capg.inclusion_score(logits, [0], k),
    "outcome": lambda logits, k: capg.outcome_probabilities(logits, k, REWARD),
    "outcome_score": lambda logits, k: capg.outcome_score(logits, [0], k, REWARD),
    "value": lambda logits, k: capg.policy_value(logits, k, REWARD),
    "gradient": lambda logits, k: capg.policy_gradient(logits, k, REWARD),
    "diagnostics": lambda logits, k: capg.gradient_diagnostics(logits, k, REWARD, "V-PG", rng=RNG),
}
every_function = pytest.mark.parametrize("name", TAKES_LOGITS_AND_K)


@every_function
@pytest.mark.parametrize(
    ("logits", "said"),
    [
        ([0.0, np.nan, 0.0, 0.0], r"logits\[1\] = nan"),
        ([0.0, 1.0, np.inf, 0.0], r"logits\[2\] = inf"),
        ([0.0, 1.0, 2.0, -1e30], r"logits\[3\] = -1e\+30; expected a size of at most 1e15"),
        ([], "logits is empty"),
        ([[0.0, 1.0]], r"logits has shape \(1, 2\)"),
        (["a", "b"], "logits has dtype"),
        ([1j, 0.0], "logits has dtype complex128"),
        (None, "logits has dtype object"),
    ],
)
def test_bad_logits(name, logits, said):
    with pytest.raises(ValueError, match=said):
        TAKES_LOGITS_AND_K[name](logits, 1)


@every_function
@pytest.mark.parametrize("k", [0, -1, 4, 2.0, "2", True, None, np.nan])
def test_bad_k(name, k):
    with pytest.raises(ValueError, match=rf"k = .*{k}.*expected a whole number from 1 to 3"):
        TAKES_LOGITS_AND_K[name](LOGITS, k)


@pytest.mark.parametrize("function", [capg.list_log_prob, capg.list_score, capg.set_log_prob, capg.set_score])
@pytest.mark.parametrize(
    ("candidates", "said"),
    [
        ([0, 4], r"candidates\[1\] = 4; expected an item in 0 … 3"),
        ([-1, 0], r"candidates\[0\] = -1"),
        ([[0, 1], [2, 2]], "candidates repeats item 2"),
        ([0, 3], r"candidates\[1\] = 3; expected an item with a finite logit"),
        ([0.0, 1.0], "candidates has dtype float64"),
        ([], "candidates is empty"),
        (2, "candidates = 2; expected at least one dimension"),
    ],
)
def test_bad_candidates(function, candidates, said):
    with pytest.raises(ValueError, match=said):
        function(LOGITS, candidates)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: capg.sample_candidates(LOGITS, 2, 7), "rng = 7; expected a numpy.random.Generator"),
        (lambda: capg.sample_candidates(LOGITS, 2, RNG, 0), "n_samples = 0"),
        (lambda: capg.sample_candidates(LOGITS, 2, RNG, 2.5), "n_samples = 2.5"),
        (lambda: capg.inclusion_probabilities(LOGITS, 2, "Rosen"), "marginal = 'Rosen'; expected one of 'exact'"),
        (lambda: capg.inclusion_gradient(LOGITS, 2, [1.0]), r"weights has shape \(1,\); expected \(4,\)"),
        (lambda: capg.inclusion_gradient(LOGITS, 2, [1.0, np.nan, 0, 0]), r"weights\[1\] = nan"),
        (lambda: capg.inclusion_score(LOGITS, [3], 2), r"items\[0\] = 3; expected an item with a finite logit"),
        (lambda: capg.inclusion_score(LOGITS, [9], 2), r"items\[0\] = 9"),
        (lambda: capg.inclusion_score(LOGITS, 1, 2), r"items has shape \(\)"),
        (lambda: capg.outcome_probabilities(LOGITS, 2, REWARD[:3]), r"utility has shape \(3,\)"),
        (lambda: capg.outcome_probabilities(LOGITS, 2, REWARD, "best"), "late_stage = 'best'"),
        (lambda: capg.outcome_probabilities(LOGITS, 2, REWARD, "noisy"), "add the noise to utility"),
        (lambda: capg.outcome_score(LOGITS, [0], 2, REWARD, "paper"), "marginal = 'paper'"),
        (lambda: capg.policy_value(LOGITS, 2, [np.inf, 0, 0, 0]), r"mean_reward\[0\] = inf"),
        (lambda: capg.mix("optimal", "uniform", 1.5), "epsilon = 1.5"),
        (lambda: capg.mix("optimal", "best", 0.5), "second = 'best'; expected one of"),
        (lambda: capg.choose_output([0, 1], REWARD), r"candidates has shape \(2,\)"),
        (lambda: capg.choose_output([[0, 1]], REWARD, "uniform"), "rng = None"),
        (lambda: capg.gradient_diagnostics(LOGITS, 2, REWARD, "PG", rng=RNG), "estimator = 'PG'"),
        (
            lambda: capg.gradient_diagnostics(LOGITS, 2, REWARD, "Outcome-PG", marginal="paper", rng=RNG),
            "marginal = 'paper'",
        ),
        (lambda: capg.gradient_diagnostics(LOGITS, 2, REWARD, "CA-PG", baseline="best", rng=RNG), "baseline = 'best'"),
        (lambda: capg.gradient_diagnostics(LOGITS, 2, REWARD, "CA-PG", n_samples=1, rng=RNG), "n_samples = 1"),
        (lambda: capg.gradient_diagnostics(LOGITS, 2, REWARD, "CA-PG", reward_std=-1, rng=RNG), "reward_std = -1"),
        (lambda: capg.expected_estimate(LOGITS, 2, REWARD, "V-PG-SwR"), "estimator = 'V-PG-SwR'"),
        (lambda: capg.exact_variance(LOGITS, 2, REWARD, "V-PG"), "estimator = 'V-PG'"),
        (lambda: capg.estimate_gradients(LOGITS, [[0, 1]], [2], [1.0], "V-PG"), r"outputs\[0\] = 2; expected one of"),
        (lambda: capg.estimate_gradients(LOGITS, [[0, 1]], [0], [1.0, 2.0], "V-PG"), r"rewards has shape \(2,\)"),
        (lambda: capg.estimate_gradients(LOGITS, [[0, 1]], [0], [1.0], "Outcome-PG"), "utility = None"),
    ],
)
def test_other_bad_arguments(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_whole_numbers_lists_and_float32_are_welcome():
    expected = capg.inclusion_probabilities([1.0, 0.0, 2.0], 2)
    for logits in ([1, 0, 2], np.array([1, 0, 2], np.float32), np.array([[1.0, 9], [0, 9], [2, 9]])[:, 0]):
        np.testing.assert_array_equal(capg.inclusion_probabilities(logits, np.int32(2)), expected)


@pytest.mark.parametrize(
    "call",
    [
        lambda: capg.inclusion_probabilities(LOGITS, 2, method="exact"),
        lambda: capg.inclusion_score(LOGITS, [0], 2, method="exact"),
        lambda: capg.outcome_score(LOGITS, [0], 2, REWARD, method="exact"),
    ],
)
def test_a_renamed_keyword_is_refused_by_its_new_name(call):
    with pytest.raises(TypeError, match="'method' is now called 'marginal'"):
        call()


def test_read_only_and_strided_arrays_reach_the_kernels_as_fresh_ones():
    frozen = np.arange(6.0)[::2].copy()
    frozen.flags.writeable = False
    for logits in (frozen, np.arange(6.0)[::2], frozen[::-1]):
        capg.inclusion_probabilities(logits, 2)
        capg.policy_gradient(logits, 2, frozen)
        capg.list_score(logits, [[0, 1]])
    for kernel in (inclusion._inclusion_kernel, value._value_gradient_kernel, plackett_luce._list_score_kernel):
        assert len(kernel.signatures) == 1, kernel
