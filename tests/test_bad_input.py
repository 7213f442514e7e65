"""Bad input gets a ValueError that names the argument and the value, before anything is computed."""

from fractions import Fraction

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
    for kernel in (inclusion.inclusion_kernel, value._value_gradient_kernel, plackett_luce._list_score_kernel):
        assert len(kernel.signatures) == 1, kernel


MASKED = np.ma.masked_array([0.0, 1.0, 100.0, 2.0], mask=[False, False, True, False])
MATRIX = np.ma.masked_array([[1.0, 2.0]], mask=[[False, True]])
WORLD = capg.World(np.arange(12.0).reshape(3, 4))
MODEL = capg.TwoTower(3, 4, 2, 1, np.random.default_rng(0))
ITEMS = np.ma.masked_array([0, 1], mask=[False, True])
POOLS = np.ma.masked_array(np.ones((3, 4), bool), mask=np.eye(3, 4, dtype=bool))


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("logits", lambda: capg.inclusion_probabilities(MASKED, 1)),
        ("logits", lambda: capg.sample_candidates([0.0, np.ma.masked], 1, RNG)),
        ("mean_reward", lambda: capg.policy_value(np.zeros(4), 1, MASKED)),
        ("utility", lambda: capg.outcome_probabilities(np.zeros(4), 1, MASKED)),
        ("utility", lambda: capg.choose_output([[0, 1]], MASKED)),
        ("weights", lambda: capg.inclusion_gradient(np.zeros(4), 1, MASKED)),
        ("items", lambda: capg.inclusion_score(np.zeros(4), ITEMS, 1)),
        ("candidates", lambda: capg.list_log_prob(np.zeros(4), ITEMS)),
        ("candidates", lambda: capg.choose_output([ITEMS, ITEMS], REWARD)),
        ("outputs", lambda: capg.estimate_gradients(np.zeros(4), [[0, 1], [1, 0]], ITEMS, [1.0, 1.0], "V-PG")),
        ("rewards", lambda: capg.estimate_gradients(np.zeros(4), [[0], [1]], [0, 1], MATRIX[0], "V-PG")),
        ("mean_reward", lambda: capg.World(MATRIX)),
        ("mean_reward", lambda: capg.World([MATRIX[0], MATRIX[0]])),
        ("reward_std", lambda: capg.World([[1.0, 2.0]], MATRIX)),
        ("reward_std", lambda: capg.World([[1.0, 2.0]], np.ma.masked)),
        ("utility", lambda: capg.World([[1.0, 2.0]], 0.0, MATRIX)),
        ("available", lambda: capg.World(np.ones((3, 4)), available=POOLS)),
        ("available", lambda: MODEL.candidates([0], 1, POOLS)),
        ("available", lambda: MODEL.logits([0, 1, 2], POOLS)),
        ("users", lambda: MODEL.candidates(ITEMS, 1)),
        ("items", lambda: WORLD.reward([0, 1], ITEMS, None)),
        ("position_weights", lambda: capg.optimal_value(WORLD, n_outputs=2, position_weights=MATRIX[0])),
    ],
)
def test_a_mask_is_refused_and_not_dropped(name, call):
    with pytest.raises(ValueError, match=f"{name} has masked entries"):
        call()


def test_a_masked_array_without_a_masked_entry_is_an_array():
    for mask in (False, np.zeros(4, bool)):
        found = capg.inclusion_probabilities(np.ma.masked_array(REWARD, mask=mask), 2)
        np.testing.assert_array_equal(found, capg.inclusion_probabilities(REWARD, 2))


@pytest.mark.parametrize("name", TAKES_LOGITS_AND_K)
@pytest.mark.parametrize("logits", [[0.0, [1.0, 2.0]], [[1.0], [1.0, 2.0]], [0.0, [None]], 3.0, np.array(3.0)], ids=str)
def test_ragged_and_scalar_logits_are_named(name, logits):
    with pytest.raises(ValueError, match="^logits (=|has)"):
        TAKES_LOGITS_AND_K[name](logits, 1)


RESULT = capg.train(WORLD, "CA-PG", 2, n_steps=0, learning_rate=0.1, seed=0, eval_every=1)
TRAIN = {"n_steps": 1, "seed": 0, "eval_every": 1}


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: capg.choose_output([[0, 1]], ["1", "2"]), "utility has dtype <U1; expected real numbers"),
        (lambda: capg.choose_output([[0, 1]], [0.0, [1.0]]), "utility = .* is not an array"),
        (lambda: capg.choose_output([[0, [1]]], [0.0, 1.0]), "candidates = .* is not an array"),
        (lambda: capg.choose_output([[0, 1]], 1.0), r"utility has shape \(\)"),
        (lambda: capg.choose_output([[0, 1]], [0.0, 1.0], "optimal", 7), "rng = 7; expected a numpy"),
        (lambda: capg.evaluate(RESULT, WORLD, 2), "model = TrainingResult.*expected a TwoTower .*has it as .model"),
        (lambda: capg.evaluate(MODEL, WORLD.mean_reward, 2), "world = array.*expected a World"),
        (lambda: capg.optimal_value(WORLD.mean_reward), "world = array.*expected a World"),
        (lambda: capg.uniform_value([[1.0]], 1), r"world = \[\[1.0\]\]; expected a World"),
        (lambda: capg.alignment(None), "world = None; expected a World"),
        (lambda: capg.noisy("2"), "beta = '2'; expected a finite number"),
        (lambda: capg.noisy([1.0]), r"beta = \[1.0\]; expected a finite number"),
        (lambda: capg.noisy(1e-300), "beta = 1e-300; expected at least 1e-100"),
        (lambda: capg.noisy(10**400), "beta = 1000.*expected a finite number"),
        (lambda: capg.mix("optimal", "uniform", "half"), "epsilon = 'half'"),
        (lambda: capg.mix("optimal", capg.mix("anti", "anti", 0.5), 0.5), "second = Mixture"),
        (lambda: capg.train(WORLD, "CA-PG", 2, learning_rate="fast", **TRAIN), "learning_rate = 'fast'"),
        (lambda: capg.train(WORLD, "CA-PG", 2, learning_rate=1e9, **TRAIN), "learning_rate = 1000000000.0"),
        (lambda: capg.train(WORLD, "V-PG", 2, learning_rate=0.1, baseline=[1.0], **TRAIN), r"baseline = \[1.0\]"),
        (lambda: WORLD.reward([0, 3], [0, 0], None), r"users\[1\] = 3; expected a user in 0 … 2"),
        (lambda: WORLD.reward([0], [-1], None), r"items\[0\] = -1; expected an item in 0 … 3"),
        (lambda: WORLD.reward([0, 1], [0, 1, 2], None), r"items has shape \(3,\); expected one that fits"),
        (lambda: WORLD.reward(0.5, 0, None), "users has dtype float64"),
        (lambda: WORLD.reward(0, 0, 7), "rng = 7"),
        (lambda: capg.World([[1.0], [1.0, 2.0]]), "mean_reward = .* is not an array"),
        (lambda: capg.World([[1e200]]), r"mean_reward\[0, 0\] = 1e\+200; expected a size of at most 1e\+100"),
        (lambda: capg.SyntheticWorld(10**30), "n_users = 10000.*expected at most"),
        (lambda: MODEL.logits([[0, 1]]), r"users has shape \(1, 2\); expected a list of users"),
        (lambda: MODEL.logits([0], out=np.empty((1, 1, 3))), r"out = .*expected .* shape \(1, 1, 4\)"),
    ],
)
def test_what_was_given_and_what_was_expected_is_said(call, said):
    with pytest.raises(ValueError, match=said):
        call()


def test_numbers_of_any_kind_are_numbers():
    exact = capg.exact_variance(LOGITS, 2, REWARD, "CA-PG", baseline=0.5, reward_std=0.25)
    assert exact == capg.exact_variance(
        LOGITS, 2, REWARD, "CA-PG", baseline=Fraction(1, 2), reward_std=np.longdouble(0.25)
    )
    assert capg.noisy(np.float32(0.5)) == capg.noisy(Fraction(1, 2)) == capg.noisy(0.5)
