"""The numbers behind the alignment picture: the mean of CA-PG beside the true gradient, and where each leads.

Twenty items, best first, with rewards evenly spaced. All that is random, the early stage's logits and what the
late stage likes besides the reward, comes from one seed, so the picture changes because of the sliders only.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

import capg_core as capg
from capg_core.classroom.problem import LENGTH_ZERO, check_k, cosine, degrees

N_ITEMS = 20
FIRST_ITEMS = 1  # the seed of the items one begins with: of 24 draws, this one's angles are nearest to the medians
DIFFERENT, STARS, SAME = "all different", "one to five stars", "all the same"
REWARDS = (DIFFERENT, STARS, SAME)
STAGES = np.round(np.linspace(0.0, 2.0, 41), 6)  # 0 optimal, 1 uniform, 2 anti
STEP_LENGTHS = np.geomspace(2.5, 0.3, 12)


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Everything the picture depends on."""

    stage: float
    k: int
    correlation: float
    rewards: str
    offset: float
    baseline: bool
    seed: int


def stage_at(place):
    """Return the late stage at a place of the slider.

    Parameters
    ----------
    place : float
        From 0, optimal, through 1, uniform, to 2, anti.

    Returns
    -------
    str or capg_core.Mixture

    Examples
    --------
    >>> stage_at(1.0)
    'uniform'
    >>> stage_at(1.25)
    Mixture(first='uniform', second='anti', epsilon=0.25)
    """
    if not 0.0 <= place <= 2.0:
        raise ValueError(f"the place is {place!r}; expected 0 (optimal) to 2 (anti)")
    if place in (0.0, 1.0, 2.0):
        return ("optimal", "uniform", "anti")[int(place)]
    if place < 1.0:
        return capg.mix("optimal", "uniform", place)
    return capg.mix("uniform", "anti", round(place - 1.0, 12))


def stage_name(place, correlation=1.0):
    """Return what to call the late stage at a place of the slider; optimal only if it likes what the rewards like.

    Examples
    --------
    >>> stage_name(0.0), stage_name(0.0, 0.5), stage_name(1.25)
    ('optimal', 'first choice', '75 % uniform, 25 % anti')
    """
    if place == 0.0:
        return "optimal" if correlation == 1.0 else "first choice"
    if place in (1.0, 2.0):
        return stage_at(place)
    first, second, share = ("uniform", "anti", place - 1.0)
    if place < 1.0:
        first, second, share = stage_name(0.0, correlation), "uniform", place
    return f"{100 * (1 - share):.0f} % {first}, {100 * share:.0f} % {second}"


def short_names(correlation=1.0):
    """Return names of the late stages short enough for a slider's readout, with their places.

    Examples
    --------
    >>> short_names()[0], short_names(0.5)[0], short_names()[8], short_names()[25]
    (('optimal', 0.0), ('first choice', 0.0), ('40 % uniform', 0.4), ('25 % anti', 1.25))
    """
    return [(stage_name(at, correlation).rpartition(", ")[2], at) for at in STAGES.tolist()]


def mean_rewards(name):
    """Return the mean rewards of the items, best first, between 0 and 1."""
    if name not in REWARDS:
        raise ValueError(f"rewards is {name!r}; expected one of {', '.join(REWARDS)}")
    fine = np.linspace(1.0, 0.0, N_ITEMS)
    if name == STARS:
        return np.ceil(np.linspace(5.0, 0.25, N_ITEMS)) / 5.0
    return fine if name == DIFFERENT else np.full(N_ITEMS, 0.5)


def is_best(name, k):
    """Say of each item whether its reward is among the K best; an item tied with the K-th best counts too."""
    reward = mean_rewards(name)
    return reward >= reward[k - 1]


@lru_cache(maxsize=64)
def problem(correlation, seed):
    """Return the logits of the early stage and the utilities of the late stage.

    The utility has this correlation with the rewards when all are different; the rest of it is noise.
    """
    if not 0.0 <= correlation <= 1.0:
        raise ValueError(f"the correlation is {correlation!r}; expected 0 to 1")
    rng = np.random.default_rng(FIRST_ITEMS + seed)
    logits, noise = rng.normal(size=N_ITEMS), rng.normal(size=N_ITEMS)
    taste = mean_rewards(DIFFERENT) - 0.5
    taste /= taste.std()
    noise -= noise.mean() + np.mean(noise * taste) * taste
    return logits, correlation * taste + np.sqrt(1.0 - correlation**2) * noise / noise.std()


def mean_estimate(logits, k, reward, utility, late_stage, baseline=False):
    """Return the mean of CA-PG: its sum over outputs is an inclusion gradient with held preferences.

    Parameters
    ----------
    logits, k, reward, utility, late_stage
        The problem.
    baseline : bool
        Whether the expected reward is subtracted.

    Returns
    -------
    (n,) array
        ``sum_a rho_a (q_a - b) grad log pi_a = sum_a (q_a - b) (rho_a / pi_a) grad pi_a``.
    """
    outcome = capg.outcome_probabilities(logits, k, utility, late_stage)
    inclusion = capg.inclusion_probabilities(logits, k)
    advantage = reward - outcome @ reward if baseline else reward
    preference = outcome / np.maximum(inclusion, 1e-300)
    return capg.inclusion_gradient(logits, k, preference * advantage)


def climb(direction, logits):
    """Follow a direction uphill: a fixed number of steps whose lengths shrink, the same for every direction.

    Parameters
    ----------
    direction : callable
        Takes logits and returns where to go.
    logits : (n,) array

    Returns
    -------
    (n,) array
        The last logits.
    """
    for length in STEP_LENGTHS:
        step = direction(logits)
        norm = np.linalg.norm(step)
        if norm < LENGTH_ZERO:
            break
        logits = logits + length * step / norm
    return logits


@lru_cache(maxsize=128)
def curve(k, correlation, rewards, offset, baseline, seed):
    """Return the angle in degrees at each of `STAGES`; all parts are sums over the three pure late stages."""
    logits, utility = problem(correlation, seed)
    reward = mean_rewards(rewards) + offset
    scores = capg.inclusion_score(logits, np.arange(N_ITEMS), k)
    outcome = [capg.outcome_probabilities(logits, k, utility, s) for s in ("optimal", "uniform", "anti")]
    gradient = [capg.policy_gradient(logits, k, reward, utility, s) for s in ("optimal", "uniform", "anti")]
    found = []
    for place in STAGES:
        shares = np.maximum(1.0 - np.abs(place - np.arange(3.0)), 0.0)
        rho = shares @ outcome
        advantage = reward - rho @ reward if baseline else reward
        found.append(degrees(cosine((rho * advantage) @ scores, shares @ gradient)))
    return np.array(found)


@dataclass(frozen=True, eq=False)
class Place:
    """Where the logits are: their inclusion probabilities, the K items on top, and the policy's value."""

    inclusion: np.ndarray
    top: np.ndarray
    value: float
    best_in_top: int


def _look(logits, setting, utility):
    k = setting.k
    top = np.zeros(N_ITEMS, dtype=bool)
    top[np.argsort(-logits, kind="stable")[:k]] = True
    value = capg.policy_value(logits, k, mean_rewards(setting.rewards), utility, stage_at(setting.stage))
    return Place(capg.inclusion_probabilities(logits, k), top, value, int(top[is_best(setting.rewards, k)].sum()))


@dataclass(frozen=True, eq=False)
class Numbers:
    """All that is drawn at one setting."""

    setting: Setting
    gradient: np.ndarray
    mean: np.ndarray
    cosine: float
    curve: np.ndarray
    places: dict

    @property
    def angle(self):
        """Degrees between the mean of CA-PG and the true gradient; NaN where one is zero."""
        return degrees(self.cosine)


@lru_cache(maxsize=256)
def numbers_at(setting):
    """Compute everything the picture shows at a `Setting`."""
    check_k(setting.k, N_ITEMS)
    logits, utility = problem(setting.correlation, setting.seed)
    reward = mean_rewards(setting.rewards) + setting.offset
    stage = stage_at(setting.stage)

    def truth(at):
        if setting.rewards == SAME:
            return np.zeros(N_ITEMS)  # exactly: nothing to learn
        return capg.policy_gradient(at, setting.k, reward, utility, stage)

    def credit(at):
        if setting.rewards == SAME and setting.baseline:
            return np.zeros(N_ITEMS)  # the reward is its own mean
        return mean_estimate(at, setting.k, reward, utility, stage, setting.baseline)

    gradient, mean = truth(logits), credit(logits)
    ends = {"start": logits, "true gradient": climb(truth, logits), "CA-PG": climb(credit, logits)}
    return Numbers(
        setting,
        gradient,
        mean,
        cosine(mean, gradient),
        curve(setting.k, setting.correlation, setting.rewards, setting.offset, setting.baseline, setting.seed),
        {name: _look(at, setting, utility) for name, at in ends.items()},
    )


def end_of_truth(k, stage, offset):
    """Return the value at the end of a walk along the true gradient, ``offset`` added to every reward."""
    setting = Setting(stage=stage, k=k, correlation=1.0, rewards=DIFFERENT, offset=offset, baseline=False, seed=0)
    return numbers_at(setting).places["true gradient"].value
