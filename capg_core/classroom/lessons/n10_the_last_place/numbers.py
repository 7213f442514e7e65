"""The numbers behind the panel on the last place: first arrivals, what each is worth, and six estimators beside it.

All estimators look at the same races, so that what differs is the estimator. What can be summed is summed: a measured
variance has no luck in it from the choice of the late stage and the noise of the reward.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

import capg_core as capg
from capg_core.classroom.lessons.n05_bias_and_alignment.numbers import stage_name
from capg_core.classroom.lessons.n10_the_last_place.second_best import SecondBest
from capg_core.classroom.problem import SYNTHETIC, cosine, degrees, load_problem, orders
from capg_core.exact.plackett_luce import list_score_of
from capg_core.exact.swap import swap_rows

MOST = 40  # candidates
N_LISTS = 1000  # behind a measured variance
BLACK_BOX = "black box"  # shows the second best, and nobody is told
PURE = ("optimal", "uniform", "anti")
STAGES = (*np.round(np.linspace(0.0, 2.0, 9), 6).tolist(), BLACK_BOX)  # 0 optimal, 1 uniform, 2 anti
ERRORS = {"right": 0.0, "errs by a tenth": 0.03, "errs by a third": 0.1, "errs by all": 0.3}  # of the rewards' spread
CRITICS = (*ERRORS, "constant", "inverted")
SAME, CLICKS = "same each time", "clicks"
REWARDS = (SAME, CLICKS)
_ZERO = 1e-7  # a gradient shorter than this is rounding, and what outputs too rare to count leave out
METHODS = ("V-PG + b", "Outcome-PG + b", "CA-PG", "Swap-PG", "Swap-PG + list", "Swap-PG + inclusion")


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    k: int
    stage: float | str
    critic: str
    reward: str
    seed: int


def late_stage_name(stage):
    """Return what to call the late stage.

    Examples
    --------
    >>> late_stage_name(0.0), late_stage_name("black box")
    ('optimal', 'a black box')
    """
    return "a black box" if stage == BLACK_BOX else stage_name(stage)


def shares_of(stage):
    """Return the shares of the pure late stages in a place of the slider: a list of (name, share), none of them zero.

    Examples
    --------
    >>> shares_of(0.25)
    [('optimal', 0.75), ('uniform', 0.25)]
    """
    if stage == BLACK_BOX:
        return [(BLACK_BOX, 1.0)]
    return [(name, 1.0 - abs(stage - i)) for i, name in enumerate(PURE) if abs(stage - i) < 1.0]


@lru_cache(maxsize=32)
def critic_of(name, seed):
    """Return the predicted reward of each item; its errors, if it has any, come from the seed."""
    if name not in CRITICS:
        raise ValueError(f"critic is {name!r}; expected one of {', '.join(CRITICS)}")
    reward = load_problem(SYNTHETIC).mean_reward
    if name in ERRORS:
        return reward + ERRORS[name] * np.random.default_rng(104 + seed).normal(size=reward.size)
    return 1.0 - reward if name == "inverted" else np.full(reward.size, reward.mean())


def chances_of(utility, stage):
    """Return the chance of each candidate to be shown.

    Parameters
    ----------
    utility : (N, K) array
        What the late stage thinks of the candidates of each list.
    stage : float or str
        One of `STAGES`.

    Returns
    -------
    (N, K) array

    Examples
    --------
    >>> chances_of(np.array([[0.2, 0.9, 0.5]]), "black box")
    array([[0., 0., 1.]])
    """
    chances, best_first = np.zeros(utility.shape), np.argsort(-utility, axis=1, kind="stable")
    for name, share in shares_of(stage):
        if name == "uniform":
            chances += share / utility.shape[1]
            continue
        place = {"optimal": 0, "anti": -1, BLACK_BOX: min(1, utility.shape[1] - 1)}[name]
        chances[np.arange(len(utility)), best_first[:, place]] += share
    return chances


def without_each(utility, critic, stage):
    """Return what the late stage is expected to earn on the first arrivals without each of them.

    Parameters
    ----------
    utility, critic : (N, K+1) array
        Of the first arrivals.
    stage : float or str
        One of `STAGES`.

    Returns
    -------
    (N, K+1) array

    Examples
    --------
    >>> without_each(np.array([[0.2, 0.9, 0.5]]), np.array([[0.2, 0.9, 0.5]]), 0.0)
    array([[0.9, 0.5, 0.9]])
    """
    found, size = np.zeros(critic.shape), critic.shape[1]
    best_first = np.argsort(-utility, axis=1, kind="stable")
    ranked = np.take_along_axis(critic, best_first, axis=1)
    for name, share in shares_of(stage):
        if name == "uniform":
            found += share * (ranked.sum(axis=1, keepdims=True) - critic) / (size - 1)
            continue
        if name == "optimal":
            values = np.repeat(ranked[:, :1], size, axis=1)
            values[:, 0] = ranked[:, 1]
        elif name == "anti":
            values = np.repeat(ranked[:, -1:], size, axis=1)
            values[:, -1] = ranked[:, -2]
        else:  # the second best; of one candidate, that one
            values = np.repeat(ranked[:, 1:2], size, axis=1)
            values[:, :2] = ranked[:, 2:3] if size > 2 else ranked[:, ::-1]
        np.put_along_axis(values, best_first, values.copy(), axis=1)
        found += share * values
    return found


def pushes(arrivals, critic, stage):
    """Return Swap-PG's estimates (N, n) and the values without each (N, K+1), given the first arrivals (N, K+1)."""
    problem = load_problem(SYNTHETIC)
    values = without_each(problem.utility[arrivals], critic[arrivals], stage)
    return swap_rows(problem.logits, arrivals, values), values


@lru_cache(maxsize=128)
def _slopes(k, name):
    """Return the outcome probabilities (n,) under a pure late stage, and the gradient of each (n, n)."""
    logits, utility = load_problem(SYNTHETIC).logits, load_problem(SYNTHETIC).utility
    outcome = capg.outcome_probabilities(logits, k, utility, name)
    if name == "uniform":
        return outcome, outcome[:, None] * inclusion_scores(k)
    slopes, items = np.zeros((logits.size, logits.size)), np.flatnonzero(outcome > 1e-9)
    scores = capg.outcome_score(logits, items, k, -utility if name == "anti" else utility)
    slopes[items] = outcome[items, None] * scores
    return outcome, slopes


@lru_cache(maxsize=64)
def inclusion_scores(k):
    """Return CA-PG's score for every item shown, a row for each."""
    return capg.inclusion_score(load_problem(SYNTHETIC).logits, np.arange(100), k)


class Known:
    """A late stage that is a mixture of pure ones: the chance of each item to be shown, and the gradient of each."""

    def __init__(self, k, stage):
        parts = [(share, *_slopes(k, name)) for name, share in shares_of(stage)]
        self.outcome = sum(share * outcome for share, outcome, _ in parts)
        self.slopes = sum(share * slopes for share, _, slopes in parts)

    def gradient(self, worth):
        """Return the gradient of the expected worth of what is shown, given the worth of each item."""
        return worth @ self.slopes


@lru_cache(maxsize=4)  # the second best holds some megabytes
def _late_stage(k, stage):
    """Return what a late stage does to K candidates, the true gradient, and the value."""
    problem = load_problem(SYNTHETIC)
    if stage != BLACK_BOX:
        found = Known(k, stage)
    else:  # of one candidate it shows that one
        found = SecondBest(problem.logits, k, problem.utility) if k > 1 else Known(k, 0.0)
    reward = problem.mean_reward
    return found, found.gradient(reward), float(found.outcome @ reward)


@lru_cache(maxsize=48)
def _critics_gradient(k, stage, critic, seed):
    return _late_stage(k, stage)[0].gradient(critic_of(critic, seed))


@lru_cache(maxsize=8)
def _lists(k, seed):
    """Return the first arrivals (N, K+1), the scores of their lists (N, n) and the squared lengths of these."""
    arrivals = np.ascontiguousarray(orders(SYNTHETIC, 1.0, seed)[:N_LISTS, : k + 1])
    scores = list_score_of(load_problem(SYNTHETIC).logits, np.ascontiguousarray(arrivals[:, :k]))
    return arrivals, scores, np.einsum("ij,ij->i", scores, scores)


@dataclass(frozen=True)
class Method:
    """One estimator at one setting: variance, signal-to-noise, and degrees between its mean and the true gradient."""

    variance: float
    snr: float
    angle: float


def _method(mean, square, truth):
    """Return the `Method` of an estimate with this mean and this mean square."""
    mean = mean if np.linalg.norm(mean) > _ZERO else np.zeros(mean.size)
    variance = max(float(square - mean @ mean), 0.0)
    variance = variance if variance > 1e-12 else 0.0  # only rounding is left
    signal = float(np.linalg.norm(mean))
    snr = signal / np.sqrt(variance) if variance > 0.0 else 0.0
    return Method(variance, snr, degrees(cosine(mean, truth, zero=_ZERO)))


def methods_at(setting):
    """Return every one of `METHODS` as a `Method`, or None where it is refused, and Swap-PG's first estimate."""
    problem, k = load_problem(SYNTHETIC), setting.k
    late, truth, value = _late_stage(k, setting.stage)
    critic, reward = critic_of(setting.critic, setting.seed), problem.mean_reward
    noise = reward * (1.0 - reward) if setting.reward == CLICKS else np.zeros(problem.n_items)
    arrivals, scores, lengths = _lists(k, setting.seed)
    candidates = arrivals[:, :k]
    chances = chances_of(problem.utility[candidates], setting.stage)

    def gain(level):
        """Return mean and mean square, in each list, of the reward less a level: a number, or one for each item."""
        left = reward - level
        squares = left**2 + noise
        return left, squares, (chances * left[candidates]).sum(axis=1), (chances * squares[candidates]).sum(axis=1)

    found = dict.fromkeys(METHODS)
    left, squares, _, in_list = gain(value)
    found["V-PG + b"] = _method(truth, np.mean(in_list * lengths), truth)
    if setting.stage != BLACK_BOX:
        seen = late.outcome > 1e-9
        outcome_lengths = np.sum(late.slopes[seen] ** 2, axis=1) / late.outcome[seen]
        found["Outcome-PG + b"] = _method(truth, squares[seen] @ outcome_lengths, truth)
    inclusion = inclusion_scores(k)
    left, squares, _, _ = gain(0.0)
    square = (late.outcome * squares) @ np.sum(inclusion**2, axis=1)
    found["CA-PG"] = _method((late.outcome * left) @ inclusion, square, truth)

    own = _critics_gradient(k, setting.stage, setting.critic, setting.seed)
    estimates, values = pushes(arrivals, critic, setting.stage)
    square = np.mean(np.einsum("ij,ij->i", estimates, estimates))
    found["Swap-PG"] = _method(own, square, truth)
    left, squares, mean_left, in_list = gain(critic)
    with_list = square + np.mean(2.0 * mean_left * np.einsum("ij,ij->i", estimates, scores) + in_list * lengths)
    found["Swap-PG + list"] = _method(truth, with_list, truth)
    shared = np.take_along_axis(estimates @ inclusion.T, candidates, axis=1)
    own_squares = np.sum(inclusion**2, axis=1) * squares
    beside = chances * (2.0 * left[candidates] * shared + own_squares[candidates])
    mean = own + (late.outcome * left) @ inclusion
    found["Swap-PG + inclusion"] = _method(mean, square + np.mean(beside.sum(axis=1)), truth)
    return found, estimates[0], values[0], chances[0]


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting.

    Attributes
    ----------
    items : (K+1,) int array
        The first arrivals of one race.
    critic, without, push : (K+1,) arrays
        Of each: its predicted reward, what the late stage is expected to earn without it, and what it is pushed by.
    chances : (K,) array
        Of each candidate to be shown.
    limits : (float, float)
        The least and the largest predicted reward of all items, or 0 and 1 where these are further apart.
    methods : dict
        A `Method` by name, or None for one that is refused.
    """

    setting: Setting
    items: np.ndarray
    critic: np.ndarray
    without: np.ndarray
    push: np.ndarray
    chances: np.ndarray
    limits: tuple
    methods: dict


@lru_cache(maxsize=512)
def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    if not 1 <= setting.k <= MOST:
        raise ValueError(f"K is {setting.k}; expected 1 to {MOST}")
    if setting.stage not in STAGES:
        raise ValueError(f"late stage is {setting.stage!r}; expected one of {', '.join(map(str, STAGES))}")
    if setting.reward not in REWARDS:
        raise ValueError(f"reward is {setting.reward!r}; expected one of {', '.join(REWARDS)}")
    critic = critic_of(setting.critic, setting.seed)
    methods, row, without, chances = methods_at(setting)
    items = _lists(setting.k, setting.seed)[0][0]
    limits = min(0.0, float(critic.min())), max(1.0, float(critic.max()))
    push = np.where(np.abs(row[items]) < 1e-12, 0.0, row[items])
    return Numbers(setting, items, critic[items], without, push, chances, limits, methods)


@lru_cache(maxsize=1)
def stored_runs():
    """Return what was learned in two worlds: our own runs, made once by a script of the tests' tools and stored.

    Returns
    -------
    dict
        ``steps`` (21,) and ``uniform``, a dict of values (21,) by estimator: the paper's synthetic world, K = 50, a
        late stage that picks at random. ``films``, a dict of values (3,) at the end by estimator: rated films, K = 20.
    """
    with (files("capg_core") / "data" / "last_place_curves.npz").open("rb") as source:
        stored = np.load(source, allow_pickle=False)
        return {
            "steps": stored["steps"],
            "uniform": dict(zip(stored["uniform_names"].tolist(), stored["uniform"], strict=True)),
            "films": dict(zip(stored["film_names"].tolist(), stored["films"], strict=True)),
        }
