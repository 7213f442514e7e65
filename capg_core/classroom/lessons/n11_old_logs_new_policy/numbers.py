"""The numbers behind the picture of old logs: which records count under a new policy, and what they say of its value.

One log of 20,000 records serves every K: the first K of a long list are a list of K. What a single log says is one draw
of luck, so beside it stand the median and the range over 100 logs, stored by ``tests/tools/build_old_logs.py``.
"""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

import capg_core as capg

N_ITEMS, N_RECORDS, N_PROBLEMS = 100, 20_000, 100
MOST_K = 50
MOVES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 1.75, 2.0)
WEIGHTS = ("list", "outcome", "inclusion")
CLICKS, STEADY = "clicks: 1 or 0", "always its mean"
REWARDS = (CLICKS, STEADY)
BY_K, BY_MOVE = "candidates K", "how far moved"
AXES = (BY_K, BY_MOVE)
TYPICAL = 46  # the problem that is shown first: of the 100, one near the median at K = 20
Z = 1.96  # a 95 % interval, in standard errors
STORED = Path(capg.__file__).parent / "data" / "old_logs.npz"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    k: int
    moved: float
    reward: str
    against: str
    normalised: bool
    seed: int


@dataclass(frozen=True, eq=False)
class Logged:
    """One context, its old policy and a log of it.

    Attributes
    ----------
    old, step, reward : (n,) array
        The logging policy's logits, the direction in which the new policy moved, and the mean rewards.
    lists : (N, MOST_K) array
        Candidates in the order drawn.
    shown : (N, MOST_K) array
        In column K - 1 the item shown from the first K of a list.
    uniform : (N,) array
        A record is a click where this is below the mean reward of its item.
    log_old : (N, MOST_K) array
        In column K - 1 the log-probability of the first K of a list under the logging policy.
    """

    old: np.ndarray
    step: np.ndarray
    reward: np.ndarray
    lists: np.ndarray
    shown: np.ndarray
    uniform: np.ndarray
    log_old: np.ndarray


def prefix_log_probs(logits, lists):
    """Return log P of the first 1, 2, … items of each list, for logits that are no more than some tens apart."""
    theta = logits - logits.max()
    weights = np.exp(theta)
    drawn = weights[lists]
    left = weights.sum() - np.cumsum(drawn, axis=1) + drawn
    return np.cumsum(theta[lists] - np.log(left), axis=1)


@lru_cache(maxsize=2)
def logged(seed):
    """Return a `Logged` problem: logits and step N(0, 1), mean rewards U(0, 1), a late stage that picks the best."""
    rng = np.random.default_rng(seed)
    old, reward = rng.normal(size=N_ITEMS), rng.random(N_ITEMS)
    step = rng.normal(size=N_ITEMS)
    lists = capg.sample_candidates(old, MOST_K, rng, N_RECORDS)
    best_first = np.argsort(-reward)
    rank = np.empty(N_ITEMS, np.int64)
    rank[best_first] = np.arange(N_ITEMS)
    shown = best_first[np.minimum.accumulate(rank[lists], axis=1)]
    return Logged(old, step, reward, lists, shown, rng.random(N_RECORDS), prefix_log_probs(old, lists))


@lru_cache(maxsize=3)
def list_log_weights(seed, moved):
    """Return log of (new over old chance of the first K of a list), in column K - 1."""
    problem = logged(seed)
    return prefix_log_probs(problem.old + moved * problem.step, problem.lists) - problem.log_old


@lru_cache(maxsize=512)
def chances(seed, moved, k):
    """Return the outcome and the inclusion probabilities of a policy; the logging one has not moved."""
    problem = logged(seed)
    logits = problem.old + moved * problem.step
    return capg.outcome_probabilities(logits, k, problem.reward), capg.inclusion_probabilities(logits, k)


def log_weights(seed, moved, k):
    """Return the log of each record's weight, for each of `WEIGHTS`."""
    shown = logged(seed).shown[:, k - 1]
    new, old = chances(seed, moved, k), chances(seed, 0.0, k)
    with np.errstate(divide="ignore"):  # an item that the new policy never shows
        outcome, inclusion = (np.log(n[shown]) - np.log(o[shown]) for n, o in zip(new, old, strict=True))
    return {"list": list_log_weights(seed, moved)[:, k - 1], "outcome": outcome, "inclusion": inclusion}


def effective_size(log_w):
    """Return (sum w)^2 / sum w^2 of weights given by their logs."""
    w = np.exp(log_w - log_w.max())
    return float(w.sum() ** 2 / (w @ w))


@dataclass(frozen=True, eq=False)
class Estimate:
    """A value from a log: with its standard error, the number of records that count, and the mean weight."""

    value: float
    error: float
    size: float
    mean_weight: float

    def covers(self, truth):
        """Say whether the 95 % interval holds a number."""
        return abs(self.value - truth) <= Z * self.error


def estimate(log_w, rewards, normalised):
    """Return an `Estimate`, as `capg_core.off_policy_value` has it."""
    w = np.exp(log_w)
    n = len(w)
    if normalised:
        value = w @ rewards / w.sum()
        error = np.sqrt(np.sum((w * (rewards - value)) ** 2)) / w.sum()
    else:
        value = w @ rewards / n
        error = np.std(w * rewards, ddof=1) / np.sqrt(n)
    return Estimate(float(value), float(error), effective_size(log_w), float(w.mean()))


@lru_cache(maxsize=1)
def spread():
    """Return percentiles 5, 50 and 95 over 100 logs of the share of records that count: (3, weights, K, moves)."""
    with np.load(STORED) as stored:
        return stored["share"].astype(float)


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting."""

    setting: Setting
    truth: float
    earned: float  # the mean reward in the log
    estimates: dict
    at: np.ndarray  # where the curves have their points
    curves: np.ndarray  # (3, weights, points): percentiles of the share of records that count


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    k, moved = setting.k, setting.moved
    if not 1 <= k <= MOST_K:
        raise ValueError(f"K is {k}; expected 1 to {MOST_K}")
    for value, name, known in ((moved, "moved", MOVES), (setting.reward, "reward", REWARDS),
                               (setting.against, "against", AXES)):  # fmt: skip
        if value not in known:
            raise ValueError(f"{name} is {value!r}; expected one of {', '.join(map(str, known))}")
    seed = (TYPICAL + setting.seed) % N_PROBLEMS
    problem = logged(seed)
    mean = problem.reward[problem.shown[:, k - 1]]
    rewards = (problem.uniform < mean).astype(float) if setting.reward == CLICKS else mean
    found = {name: estimate(w, rewards, setting.normalised) for name, w in log_weights(seed, moved, k).items()}
    truth = float(chances(seed, moved, k)[0] @ problem.reward)
    at, curves = np.arange(1, MOST_K + 1), spread()[:, :, :, MOVES.index(moved)]
    if setting.against == BY_MOVE:
        at, curves = np.array(MOVES), spread()[:, :, k - 1]
    return Numbers(setting, truth, float(rewards.mean()), found, at, curves)


TIMED = ("CA-PG", "Outcome-PG", "Swap-PG")


def best_time(call, repeats=4):
    """Return the shortest processor time of some calls in milliseconds, after one that does not count."""
    call()
    found = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return 1e3 * min(found)


def times_per_context(sizes, k):
    """Time a step's parts on this machine: a softmax, the draws, and `batch_gradient` of some estimators.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of items.
    k : int
        Candidates.

    Returns
    -------
    dict
        Words to milliseconds per context, one for each size.
    """
    found = {name: [] for name in ("the softmax", "drawing K", *TIMED)}
    for n in sizes:
        rng = np.random.default_rng(0)
        logits, utility = rng.normal(size=(max(1, 20_000 // n), n)), rng.random(n)
        first = capg.sample_batch(logits, k + 1, rng)
        shown = first[np.arange(len(first)), utility[first[:, :k]].argmax(axis=1)]
        known = {"outputs": shown, "rewards": np.ones(len(first)), "utility": utility, "critic": utility}
        calls = [lambda x=logits: _softmax(x), lambda x=logits, r=rng: capg.sample_batch(x, k, r)]
        for name in TIMED:
            lists = first if name == "Swap-PG" else first[:, :k]
            calls.append(lambda x=logits, e=name, c=lists, o=known: capg.batch_gradient(x, e, k, candidates=c, **o))
        for name, call in zip(found, calls, strict=True):
            found[name].append(best_time(call) / len(logits))
    return found


def _softmax(logits):
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True)
