"""The numbers behind the headline picture: single-sample gradients, their variance and their signal.

Candidate lists of all lengths come from one draw of Gumbel noise: the list of length K is the first K places
of one long order. So the picture changes because of the slider, and not because of new luck (common random
numbers).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg

ESTIMATORS = ("V-PG", "Outcome-PG", "CA-PG")
N_LISTS = 2000  # lists behind a measured variance
N_DOTS = 400  # of which drawn
SYNTHETIC = "Synthetic, 100 items"
SYNTHETIC_SEED = 0
DIRECTION_SEED = 12345
RARE = 1e-6  # of the chance of any but the likeliest output; what is rarer changes no digit shown


@dataclass(frozen=True, eq=False)
class Problem:
    """One context: logits before they are scaled, mean rewards and late-stage utilities."""

    name: str
    logits: np.ndarray
    mean_reward: np.ndarray
    utility: np.ndarray

    @property
    def n_items(self):
        return len(self.logits)


@dataclass(frozen=True)
class Setting:
    """Everything the picture depends on."""

    data: str
    k: int
    peakedness: float
    baseline: bool
    shown: tuple
    seed: int


@lru_cache(maxsize=1)
def ratings_users():
    """Choose a few users: the first three, by number, with 100 to 150 rated films.

    Returns
    -------
    dict
        The name shown for a user, to the user's number.
    """
    ratings = capg.load_ratings()
    chosen = {}
    for user in sorted(int(user) for user in ratings.users_with_at_least(100)):
        n_films = len(ratings.user_problem(user).items)
        if 100 <= n_films <= 150:
            chosen[f"Ratings of user {user}, {n_films} films"] = user
        if len(chosen) == 3:
            break
    return chosen


def data_names():
    """Return the names of the problems one can choose, the synthetic one first."""
    return (SYNTHETIC, *ratings_users())


@lru_cache(maxsize=8)
def load_problem(name):
    """Return the `Problem` of that name.

    Parameters
    ----------
    name : str
        One of `data_names`.

    Returns
    -------
    Problem
        Synthetic: logits from N(0, 1), mean rewards from U(0, 1), the late stage ranks by the mean
        reward. Ratings: the films a user rated, logits from other users' ratings, the reward is the
        user's own rating.
    """
    if name == SYNTHETIC:
        rng = np.random.default_rng(SYNTHETIC_SEED)
        logits, mean_reward = rng.normal(size=100), rng.random(100)
        return Problem(name, logits, mean_reward, mean_reward)
    if name not in ratings_users():
        raise ValueError(f"data is {name!r}; expected one of {', '.join(data_names())}")
    problem = capg.load_ratings().user_problem(ratings_users()[name])
    return Problem(name, problem.logits, problem.mean_reward, problem.utility)


@lru_cache(maxsize=6)
def orders(name, peakedness, seed):
    """Return `N_LISTS` orders of all items; their first K columns are candidate lists of length K."""
    logits = load_problem(name).logits
    noise = np.random.default_rng(seed).gumbel(size=(N_LISTS, len(logits)))
    return np.argsort(-(peakedness * logits + noise), axis=1)


@dataclass(frozen=True, eq=False)
class Exact:
    """What does not depend on the noise, at one K."""

    value: float
    gradient: np.ndarray
    outcome: np.ndarray


@lru_cache(maxsize=512)
def exact_at(name, peakedness, k):
    """Return the exact policy value, its gradient and the outcome probabilities."""
    problem = load_problem(name)
    logits = peakedness * problem.logits
    return Exact(
        capg.policy_value(logits, k, problem.mean_reward, problem.utility),
        capg.policy_gradient(logits, k, problem.mean_reward, problem.utility),
        capg.outcome_probabilities(logits, k, problem.utility),
    )


@lru_cache(maxsize=512)
def output_scores(name, peakedness, k, estimator):
    """Return the score of every output that can happen: an (n, n) array, rows of NaN for the others."""
    problem = load_problem(name)
    logits = peakedness * problem.logits
    outcome = exact_at(name, peakedness, k).outcome
    # relative to the others: where one output is nearly certain, the rare ones are all the variance there is
    items = np.flatnonzero(outcome > RARE * np.sort(outcome)[:-1].sum())
    scores = np.full((problem.n_items, problem.n_items), np.nan)
    if estimator == "CA-PG":
        scores[items] = capg.inclusion_score(logits, items, k)
    else:
        scores[items] = capg.outcome_score(logits, items, k, problem.utility)
    return scores


@dataclass(frozen=True, eq=False)
class Estimate:
    """One estimator at one K: mean and variance (trace of the covariance) of a single-sample gradient."""

    mean: np.ndarray
    variance: float
    samples: np.ndarray

    @property
    def signal(self):
        """Squared length of the expected estimate."""
        return float(self.mean @ self.mean)

    @property
    def snr(self):
        """Length of the mean over the root of the variance, as in `capg_core.gradient_diagnostics`."""
        return float(np.sqrt(self.signal / self.variance)) if self.variance > 0 else float("inf")


def estimate_at(name, peakedness, k, estimator, baseline, seed, n_lists=N_LISTS):
    """Return an `Estimate`.

    V-PG: the mean is the exact gradient, the variance is measured on `n_lists` lists. Outcome-PG and
    CA-PG depend on the list only through the output, so their mean and variance are exact sums over the
    outputs.
    """
    problem = load_problem(name)
    exact = exact_at(name, peakedness, k)
    level = exact.value if baseline else 0.0
    candidates = orders(name, peakedness, seed)[:n_lists, :k]
    outputs = capg.choose_output(candidates, problem.utility)
    advantage = problem.mean_reward - level
    if estimator == "V-PG":
        scores = capg.list_score(peakedness * problem.logits, candidates)
        samples = advantage[outputs][:, None] * scores
        variance = float(np.mean(np.einsum("ij,ij->i", samples, samples)) - exact.gradient @ exact.gradient)
        return Estimate(exact.gradient, _positive(variance), samples)
    scores = output_scores(name, peakedness, k, estimator)
    items = np.flatnonzero(np.isfinite(scores[:, 0]))
    gradients = advantage[items, None] * scores[items]
    mean = exact.outcome[items] @ gradients
    around = gradients - mean
    variance = float(exact.outcome[items] @ np.einsum("ij,ij->i", around, around))
    dots = outputs[: min(N_DOTS, n_lists)]
    # An output rarer than RARE has no row; it is seen once in some thousand pictures and left out.
    dots = dots[np.isfinite(scores[dots, 0])]
    return Estimate(mean, _positive(variance), advantage[dots, None] * scores[dots])


def _positive(variance):
    """Call a variance zero where only rounding is left of it."""
    return variance if variance > 1e-12 else 0.0


def curve_ks(n_items):
    """Return about twelve values of K from 1 to n - 1, evenly spaced on a log axis."""
    wanted = np.geomspace(1, min(100, n_items - 1), 13)
    return np.unique(np.round(wanted).astype(int))


@lru_cache(maxsize=64)
def curve(name, peakedness, baseline, seed):
    """Return K values and, for each estimator, the variance and the signal at each of them.

    Returns
    -------
    tuple
        ``(ks, {estimator: (variances, signals)})``.
    """
    ks = curve_ks(load_problem(name).n_items)
    lines = {}
    for estimator in ESTIMATORS:
        found = [estimate_at(name, peakedness, int(k), estimator, baseline, seed, N_DOTS) for k in ks]
        lines[estimator] = (np.array([e.variance for e in found]), np.array([e.signal for e in found]))
    return ks, lines


@lru_cache(maxsize=64)
def cloud_limit(name, peakedness, baseline):
    """Return the half-width of the cloud axes: one for every K, so that the cloud is seen to grow.

    It holds all but a few of V-PG's dots at the K where they reach furthest, and is 1, 2, 4, 6 or 8 times
    a power of ten.
    """
    reach = 0.0
    for k in (1, 5, 20, min(50, load_problem(name).n_items // 2)):
        samples = estimate_at(name, peakedness, k, "V-PG", baseline, 0, N_DOTS).samples
        x, y = project(samples, exact_at(name, peakedness, k).gradient)
        reach = max(reach, float(np.quantile(np.abs(np.concatenate([x, y])), 0.985)))
    if reach <= 0:
        return 1.0
    power = 10.0 ** np.floor(np.log10(reach))
    return float(next(step for step in (1, 2, 4, 6, 8, 10) if step * power >= reach) * power)


def project(vectors, gradient):
    """Project on the direction of the true gradient and on one fixed direction orthogonal to it.

    Parameters
    ----------
    vectors : (..., n) array
    gradient : (n,) array

    Returns
    -------
    tuple of array
        The two coordinates.
    """
    fixed = np.random.default_rng(DIRECTION_SEED).normal(size=len(gradient))
    length = np.linalg.norm(gradient)
    along = gradient / length if length > 0 else np.ones_like(gradient) / np.sqrt(len(gradient))
    across = fixed - (fixed @ along) * along
    across /= np.linalg.norm(across)
    return vectors @ along, vectors @ across


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting."""

    setting: Setting
    problem: Problem
    exact: Exact
    estimates: dict
    curve: tuple
    limit: float


def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    problem = load_problem(setting.data)
    if not setting.shown:
        raise ValueError("no estimator is chosen; tick at least one")
    if not 1 <= setting.k < problem.n_items:
        raise ValueError(f"K is {setting.k}; expected 1 to {problem.n_items - 1} for {problem.n_items} items")
    where = (setting.data, setting.peakedness, setting.k)
    estimates = {e: estimate_at(*where, e, setting.baseline, setting.seed) for e in setting.shown}
    return Numbers(
        setting,
        problem,
        exact_at(*where),
        estimates,
        curve(setting.data, setting.peakedness, setting.baseline, setting.seed),
        cloud_limit(setting.data, setting.peakedness, setting.baseline),
    )
