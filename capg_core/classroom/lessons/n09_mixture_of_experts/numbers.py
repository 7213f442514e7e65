"""The numbers behind the picture of the experts: the thinned clock, who brings each item in, and simulated lists.

The items lie on a circle, one every five degrees, and a logit is a dot product in the plane: an expert likes the items
near its own direction. Expert after expert draws its places from what the earlier ones left.

Source: Kiyohara et al. (2026), the mixture of experts; the clock of one expert is Rosén's (1997).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.batch.clock import solve_clock
from capg_core.batch.draw import draw_batch
from capg_core.batch.scores import inclusion_rows
from capg_core.classroom.problem import check_k
from capg_core.training.step import BatchGradient
from capg_core.training.towers import split_places

DIRECTIONS = np.arange(-177.5, 180.0, 5.0)  # of the items, in degrees
N_ITEMS = len(DIRECTIONS)
TASTES = (-90.0, 90.0)
NEAR = 40.0  # degrees: what counts as near a taste
SHARPNESS = 3.0  # length of an expert's vector
N_LISTS = 2000
CHUNK = 5000  # lists in memory at once
NOTHING, ADDED, APART = "nothing", "each alone, added up", "each alone, overlap once"
COMPARISONS = (NOTHING, ADDED, APART)
FIRST_LAST, LAST_FIRST = ORDERS = "expert 1 draws first", "expert 1 draws last"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    n_experts: int
    k: int
    angle: float
    moved: int
    order: str
    compare: str
    seed: int


def near(taste):
    """Return which items are near a taste: (N_ITEMS,) bool."""
    return np.abs(DIRECTIONS - TASTES[taste]) < NEAR


def expert_logits(n_experts, angle):
    """Return the experts' logits (M, N_ITEMS): experts 1, 3 … look at taste A, experts 2, 4 … `angle` degrees away.

    Parameters
    ----------
    n_experts : int
    angle : float
        From 0, all alike, to 180, opposite.

    Returns
    -------
    (M, N_ITEMS) float64
    """
    looks_at = np.where(np.arange(n_experts) % 2 == 0, TASTES[0], TASTES[0] + angle)
    return SHARPNESS * np.cos(np.deg2rad(DIRECTIONS[None, :] - looks_at[:, None]))


def places_of(k, n_experts, moved=0):
    """Return how many places each expert gets: as evenly as possible, then `moved` more for expert 1.

    Parameters
    ----------
    k, n_experts : int
    moved : int
        Places that expert 1 takes from the others (negative: gives to them), as far as there are any.

    Returns
    -------
    (M,) int64

    Examples
    --------
    >>> places_of(10, 4).tolist(), places_of(10, 4, 2).tolist(), places_of(10, 4, -9).tolist()
    ([3, 3, 2, 2], [5, 2, 2, 1], [0, 4, 3, 3])
    """
    even = split_places(k, n_experts)
    if n_experts == 1 or moved == 0:
        return even
    first = int(np.clip(even[0] + moved, 0, k))
    return np.concatenate([[first], split_places(k - first, n_experts - 1)]).astype(np.int64)


def thinned_clock(logits, places):
    """Run the experts' clocks one after the other: the rates w_{m,j} τ_m.

    Parameters
    ----------
    logits : (M, n) float64
        In the order in which the experts draw.
    places : (M,) int

    Returns
    -------
    (M, n) float64
        Survivors of the earlier experts, S_j, arrive at expert m with chance 1 − exp(−rate), and
        Σ_j S_j (1 − exp(−rate_j)) is the expert's number of places.

    Examples
    --------
    >>> rates = thinned_clock(np.array([[0.0, 1.0, 2.0], [1.0, 0.0, 0.0]]), [1, 1])
    >>> float((1 - np.exp(-rates.sum(axis=0))).sum().round(6))
    2.0
    """
    logits = np.ascontiguousarray(logits, dtype=float)
    n = logits.shape[1]
    if logits.ndim != 2 or len(places) != len(logits) or min(places) < 0 or not 0 < sum(places) < n:
        raise ValueError(f"places is {list(places)} for logits of shape {logits.shape}; expected 1 to {n - 1} in all")
    rates, survivors = np.zeros_like(logits), np.ones(n)
    stay = np.empty(n)
    for m, count in enumerate(places):
        if count > 0:
            shift = -logits[m].max()
            weights = np.exp(logits[m] + shift)
            solve_clock(logits[m], survivors, float(count), -np.inf, weights, shift, rates[m], stay)
            survivors = survivors * np.exp(-rates[m])
    return rates


def brought_in(rates):
    """Return the chance that expert m is the one that draws item j, (M, n); its sum over m is π."""
    gone = np.cumsum(rates, axis=0)
    return np.exp(-(gone - rates)) * -np.expm1(-rates)


def clock_score(logits, places, item):
    """Return ∂ log π_a / ∂θ_{m,j} of the thinned clock, (M, n), by the kernel that trains."""
    logits = np.ascontiguousarray(logits, dtype=float)[:, None, :]
    shifts = -logits.max(axis=2)
    rows = np.empty_like(logits)
    weights = np.exp(logits + shifts[:, :, None])
    shares = np.asarray(places, np.int64)
    inclusion_rows(logits, weights, shifts, np.array([[item]]), shares, np.ones((1, 1)), rows)
    return rows[:, 0]


def sample_lists(logits, places, rng, n_lists):
    """Draw candidate lists, expert after expert, by the sampler that trains: (n_lists, K) int64."""
    shares = np.asarray(places, np.int64)
    lists = np.empty((n_lists, int(shares.sum())), np.int64)
    for begin in range(0, n_lists, CHUNK):
        chunk = lists[begin : begin + CHUNK]
        theta = _repeat(logits, len(chunk))
        draw_batch(theta, shares, rng, True, chunk, np.empty_like(theta), np.empty(theta.shape[:2]))
    return lists


def _repeat(logits, n_lists):
    """Return the logits of one context as those of a batch, (M, n_lists, n)."""
    return np.repeat(np.asarray(logits, float)[:, None, :], n_lists, axis=1)


def two_peaks():
    """Return a mean reward with a peak at each taste, and a little of its own for each item: (N_ITEMS,) float64."""
    distance = np.min([np.abs(DIRECTIONS - taste) for taste in TASTES], axis=0)
    return 0.8 * np.exp(-((distance / NEAR) ** 2)) + 0.2 * np.random.default_rng(0).random(N_ITEMS)


def gradient_noise(logits, k, reward, estimator, baseline=None, n_lists=4000, seed=0, reward_std=0.0):
    """Measure an estimator's variance over all experts' logits, and its mean; the late stage shows the best candidate.

    Parameters
    ----------
    logits : (M, n) float64
    k : int
        The places are split as evenly as possible.
    reward : (n,) float64
    estimator : str
    baseline : None or "mean"
    n_lists, seed : int
    reward_std : float or (n,) float64
        The noise of the rewards: none, or a click's, the root of q (1 - q).

    Returns
    -------
    variance : float
        Trace of the covariance of one estimate.
    mean : (M, n) float64
    """
    n_chunks = -(-n_lists // CHUNK)
    batch = n_lists // n_chunks
    world = capg.World(reward[None], np.broadcast_to(reward_std, (1, reward.size)))
    gradient = BatchGradient(
        world, estimator, k, marginal="asymptotic", baseline=baseline, late_stage="optimal", n_outputs=1,
        position_weights=None, n_experts=len(logits), batch_size=batch,
    )  # fmt: skip
    rng, theta = np.random.default_rng(seed), _repeat(logits, batch)
    total, squares = 0.0, 0.0
    for _ in range(n_chunks):
        rows = gradient(theta, np.zeros(batch, np.int64), rng)
        total, squares = total + rows.sum(axis=1), squares + np.sum(rows**2)
    mean = total / (batch * n_chunks)
    return float(squares / (batch * n_chunks) - np.sum(mean**2)), mean


@lru_cache(maxsize=4)
def _arrivals(seed):
    """Return exponential times (4, N_LISTS, N_ITEMS): the same luck at every setting."""
    return np.random.default_rng(seed).exponential(size=(4, N_LISTS, N_ITEMS))


def simulate(logits, places, seed):
    """Draw `N_LISTS` lists, each expert by its own race among what is left: who drew each item, or -1.

    Parameters
    ----------
    logits : (M, N_ITEMS) float64
    places : (M,) int
    seed : int
        The same seed gives the same luck at every setting.

    Returns
    -------
    (N_LISTS, N_ITEMS) int8
    """
    drawn_by = np.full((N_LISTS, N_ITEMS), -1, np.int8)
    for m, count in enumerate(places):
        if count > 0:
            times = _arrivals(seed)[m] * np.exp(-logits[m])
            times[drawn_by >= 0] = np.inf
            first = np.argpartition(times, count - 1, axis=1)[:, :count]
            np.put_along_axis(drawn_by, first, m, axis=1)
    return drawn_by


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting; experts in their own numbering, whoever draws first."""

    setting: Setting
    places: np.ndarray  # (M,)
    stacks: np.ndarray  # (M, n) chance that expert m draws the item, by the clock
    simulated: np.ndarray  # (n,) share of lists with the item
    compared: np.ndarray | None  # (n,) a wrong way to put experts together
    coverage: np.ndarray  # (3, M) expected candidates near A, near B and elsewhere
    covered: np.ndarray  # (3,) the same simulated, all experts
    empty: np.ndarray  # (2,) share of lists with nothing near A, near B


def inclusion(rates):
    """Return π of the thinned clock, (n,)."""
    return -np.expm1(-rates.sum(axis=0))


def compared_to(logits, places, how):
    """Return what a wrong way of putting experts together gives for each item, or None."""
    if how == NOTHING:
        return None
    alone = [
        inclusion(thinned_clock(row[None], [count])) if count else np.zeros(N_ITEMS)
        for row, count in zip(logits, places, strict=True)
    ]
    return np.sum(alone, axis=0) if how == ADDED else 1.0 - np.prod(1.0 - np.array(alone), axis=0)


def regions():
    """Return which items are near A, near B and elsewhere: (3, N_ITEMS) bool."""
    return np.array([near(0), near(1), ~(near(0) | near(1))])


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    if setting.compare not in COMPARISONS:
        raise ValueError(f"compare is {setting.compare!r}; expected one of {', '.join(COMPARISONS)}")
    check_k(setting.k, N_ITEMS)
    logits = expert_logits(setting.n_experts, setting.angle)
    places = places_of(setting.k, setting.n_experts, setting.moved)
    order = np.arange(setting.n_experts)[:: -1 if setting.order == LAST_FIRST else 1]
    back = np.argsort(order)
    stacks = brought_in(thinned_clock(logits[order], places[order]))[back]
    is_in = simulate(logits[order], places[order], setting.seed) >= 0
    where = regions()
    counts = is_in.astype(np.float32) @ where.T.astype(np.float32)
    return Numbers(
        setting,
        places,
        stacks,
        is_in.mean(axis=0),
        compared_to(logits, places, setting.compare),
        where.astype(float) @ stacks.T,
        counts.mean(axis=0),
        (counts[:, :2] == 0).mean(axis=0),
    )
