"""The race with which the panel opens, who leads in a race and by how much, and the most that a late stage allows."""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import numpy as np

from capg_core.late_stage import as_parts
from capg_core.training.evaluation import sights, uniform_value
from capg_core.worlds.world import World

RECORDED = {"k": 10, "rate": 0.1, "late_stage": "optimal", "n_steps": 20_000, "seed": 0}  # of `capg.SyntheticWorld()`


@lru_cache(maxsize=1)
def recorded():
    """Return the stored learning curves: our own run, made once by a script of the tests' tools.

    Returns
    -------
    dict
        A name such as ``"V-PG + b"``, with the baseline, to (steps, values). ``"CA-PG at 0.3"`` has another rate.

    Examples
    --------
    >>> steps, values = recorded()["V-PG"]
    >>> len(steps) == len(values), int(steps[-1])
    (True, 20000)
    """
    with (files("capg_core") / "data" / "training_race.npz").open("rb") as source:
        stored = np.load(source, allow_pickle=False)
        steps = stored["steps"]
        curves = {name: stored[name].astype(float) for name in stored.files if name != "steps"}
    return {name: (steps[: len(values)], values) for name, values in curves.items()}


def recorded_curves(setting):
    """Return the stored curves of a `Setting`, estimator to (steps, values); none unless all of them are there."""
    if any(getattr(setting, field) != value for field, value in RECORDED.items()):
        return {}
    names = {name: name + (" + b" if setting.baseline_of(name) else "") for name in setting.estimators}
    if not set(names.values()) <= set(recorded()):
        return {}
    return {name: recorded()[stored] for name, stored in names.items()}


@dataclass(frozen=True)
class Lead:
    """How much earlier the leader was where the last one ended.

    Attributes
    ----------
    ahead, behind : str
    level : float
        Where the last one ended.
    begin, end : float
        When the leader was there, and when the last one.
    """

    ahead: str
    behind: str
    level: float
    begin: float
    end: float

    @property
    def times(self):
        """The ratio, as it is said."""
        times = self.end / self.begin
        return f"{times:.0f}" if times >= 10 else f"{times:.1f}"


def lead_of(curves):
    """Return the `Lead` among some curves; None where nobody was clearly earlier.

    Parameters
    ----------
    curves : dict
        Name to (x, values).

    Examples
    --------
    >>> slow = np.array([0, 10, 20]), np.array([1.0, 2.0, 3.0])
    >>> lead = lead_of({"a": slow, "b": (slow[0], np.array([1.0, 4.0, 5.0]))})
    >>> lead.ahead, lead.begin, lead.times
    ('b', 10.0, '2.0')
    """
    last = {name: y[-1] for name, (x, y) in curves.items() if x.size > 1}
    if len(last) < 2:
        return None
    ahead, behind = max(last, key=last.get), min(last, key=last.get)
    (x, y), end = curves[ahead], float(curves[behind][0][-1])
    begin = float(x[np.argmax(y >= last[behind])])
    found = Lead(ahead, behind, float(last[behind]), begin, end)
    return found if 0.0 < begin < 0.9 * end else None


def random_value(world, k, late_stage):
    """Return what random candidates earn, as `capg.uniform_value` does, but for every K once the noise is averaged.

    Parameters
    ----------
    world : World
    k : int
    late_stage : str, late stage or mixture

    Returns
    -------
    float

    Examples
    --------
    >>> import capg_core as capg
    >>> world = capg.SyntheticWorld(20, 30)
    >>> abs(random_value(world, 5, "noisy") - capg.uniform_value(world, 5, late_stage="noisy")) < 1e-12
    True
    """
    parts = as_parts(late_stage)
    if world.available is not None or any(stage.is_strict or stage.is_uniform for stage, _ in parts):
        return uniform_value(world, k, late_stage=late_stage)
    return float(sum(chance * uniform_value(_one_user(world, stage), k) for stage, chance in parts))


@lru_cache(maxsize=2)
def _one_user(world, stage):
    """Return a world of one user, whose r-th best item has the mean reward of the r-th in the noisy late stage's order.

    Random candidates earn the same there, because their places in the order do not depend on the order.
    """
    rng, total = np.random.default_rng(0), np.zeros(world.n_items)
    for reward, utility in zip(world.mean_reward, world.utility, strict=True):
        order = np.argsort(-np.array(sights(stage, utility, rng)), axis=1)
        total += reward[order].mean(axis=0)
    return World(total[None] / world.n_users, utility=-np.arange(world.n_items, dtype=float)[None])


def best_value(world, k, late_stage):
    """Return the largest value that a late stage allows: each user gets the best candidates for it.

    Parameters
    ----------
    world : World
    k : int
    late_stage : str, late stage or mixture

    Returns
    -------
    float
        Of a mixture an upper bound, which is reached where the same candidates are best for all of its parts.

    Examples
    --------
    >>> import capg_core as capg
    >>> world = capg.World([[3.0, 2.0, 1.0]])
    >>> [best_value(world, 2, stage) for stage in ("optimal", "uniform", "anti")]
    [3.0, 2.5, 2.0]
    """
    return float(sum(chance * _best_of(world, k, stage) for stage, chance in as_parts(late_stage)))


def _there(world):
    return np.ones(world.mean_reward.shape, bool) if world.available is None else world.available


@lru_cache(maxsize=2)  # while K moves the order stays, and to sort is what takes the time
def _ranked(world, sign):
    """Return each user's rewards in the order of a strict late stage; what is not there comes last."""
    order = np.argsort(-np.where(_there(world), sign * world.utility, -np.inf), axis=1, kind="stable")
    return np.take_along_axis(world.mean_reward, order, axis=1)


def _best_of(world, k, stage):
    there = _there(world)
    if stage.is_strict:  # whoever has K - 1 others behind can be shown
        shown = np.arange(world.n_items) <= there.sum(axis=1, keepdims=True) - k
        return np.where(shown, _ranked(world, np.sign(stage.sign)), -np.inf).max(axis=1).mean()
    reward = np.where(there, world.mean_reward, -np.inf)
    if stage.is_uniform:
        return np.partition(reward, -k, axis=1)[:, -k:].mean()
    return _best_of_noisy(np.where(there, world.mean_reward, 0.0), stage.beta * stage.sign * world.utility, there, k)


def _best_of_noisy(reward, seen, there, k):
    """Maximise each user's mean reward under a softmax of the K, by Dinkelbach's method: a few rounds are exact."""
    seen = np.where(there, seen, -np.inf)
    weight = np.exp(seen - seen.max(axis=1, keepdims=True))
    level = reward.min(axis=1, keepdims=True)
    for _ in range(50):
        gain = np.where(there, weight * (reward - level), -np.inf)
        best = np.argpartition(gain, -k, axis=1)[:, -k:]
        total = np.take_along_axis(weight, best, axis=1).sum(axis=1, keepdims=True)
        earned = np.take_along_axis(weight * reward, best, axis=1).sum(axis=1, keepdims=True)
        new = np.where(total > 0.0, earned / np.maximum(total, 1e-300), level)
        if np.allclose(new, level, rtol=0.0, atol=1e-9):
            break
        level = new
    return level.mean()
