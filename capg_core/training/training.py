"""Training an early-stage ranker on a world, on-policy, with any estimator of the ladder.

A step draws a batch of users, samples candidates, outputs and rewards, sends the gradient of every logit through the
towers and takes an Adagrad step upward. Imports everything below it.

Source of the setting: Kiyohara et al. (2026): batch 128, Adagrad, learning rate 0.1 for list estimators and 0.01 for
credit-assigned ones; or one rate for all. Adagrad: Duchi, Hazan and Singer (2011).
"""

import time
from dataclasses import dataclass

import numpy as np
from numba import njit

from capg_core._checks import as_count, as_number
from capg_core.training.evaluation import check_sizes, evaluate
from capg_core.training.step import LIST_ESTIMATORS, BatchGradient, check_combination
from capg_core.training.towers import TwoTower

DIM = 10
_EPSILON = 1e-10  # of Adagrad
_CALL_EVERY = 0.2  # seconds between two calls of the callback at most
PAPER_RATE_LIST, PAPER_RATE_CREDIT = 0.1, 0.01


def paper_learning_rate(estimator):
    """
    The learning rate that the paper uses for an estimator.

    Parameters
    ----------
    estimator : str
        One of ``ESTIMATORS``. Set-PG counts as a list estimator, Outcome-PG (not in the paper) as credit-assigned.

    Returns
    -------
    float

    Raises
    ------
    ValueError
        For an unknown estimator.

    Examples
    --------
    >>> import capg_core as capg
    >>> capg.paper_learning_rate("CA-PG")
    0.01
    """
    check_combination(estimator, "asymptotic" if estimator == "Outcome-PG" else "exact", 1, 1)
    return PAPER_RATE_LIST if estimator in LIST_ESTIMATORS else PAPER_RATE_CREDIT


@njit(cache=True, error_model="numpy")
def adagrad_step(users, of_user, sum_users, seen_users, of_items, items, sum_items, rate, total):
    """
    Move all towers one step up; ``seen_users`` (M, B, d) and ``of_items`` (M, n, d) are the gradients.

    A user can be in a batch more than once: ``total`` (n_users, d), zero before and after, adds up. One call moves
    everything, so that an interrupted step is done or not begun.
    """
    for m in range(users.shape[0]):
        for b in range(of_user.size):
            total[of_user[b]] += seen_users[m, b]
        for b in range(of_user.size):
            u = of_user[b]
            for d in range(users.shape[2]):
                g = total[u, d]
                total[u, d] = 0.0  # a second visit moves nothing
                sum_users[m, u, d] += g * g
                users[m, u, d] += rate * g / (np.sqrt(sum_users[m, u, d]) + _EPSILON)
        for j in range(items.shape[1]):
            for d in range(items.shape[2]):
                g = of_items[m, j, d]
                sum_items[m, j, d] += g * g
                items[m, j, d] += rate * g / (np.sqrt(sum_items[m, j, d]) + _EPSILON)


class Trainer:
    """
    A model in training; each call of `step` is one batch. Parameters as in :func:`train`.

    Attributes
    ----------
    model : TwoTower
    gradient : BatchGradient
        Holds the last batch's candidates, outputs and rewards.
    """

    def __init__(self, world, gradient, *, n_experts, batch_size, learning_rate, seed):
        for_model, for_steps = np.random.SeedSequence(seed).spawn(2)
        self.world, self.gradient, self.rate = world, gradient, learning_rate
        self.model = TwoTower(world.n_users, world.n_items, DIM, n_experts, np.random.default_rng(for_model))
        self._rng = np.random.default_rng(for_steps)
        self._theta = np.empty((n_experts, batch_size, world.n_items))
        self._of_users = np.empty((n_experts, batch_size, DIM))
        self._of_items = np.empty_like(self.model.items)
        self._sums = np.zeros_like(self.model.users), np.zeros_like(self.model.items)
        self._total = np.zeros((world.n_users, DIM))

    def tower_gradients(self, users):
        """Sample a batch; return its mean gradients on the embeddings, (M, B, d) of users and (M, n, d) of items."""
        model, world = self.model, self.world
        available = None if world.available is None else world.available[users]
        theta = model.logits(users, available, self._theta)
        rows = self.gradient(theta, users, self._rng)
        for m in range(model.n_experts):
            seen = model.users[m, users] / users.size
            np.matmul(rows[m], model.items[m], out=self._of_users[m])
            np.matmul(rows[m].T, seen, out=self._of_items[m])
        self._of_users /= users.size
        return self._of_users, self._of_items

    def step(self):
        """Draw a batch of users and move the model."""
        users = self._rng.integers(self.world.n_users, size=self._theta.shape[1])
        of_users, of_items = self.tower_gradients(users)
        model = self.model
        adagrad_step(
            model.users, users, self._sums[0], of_users, of_items, model.items, self._sums[1], self.rate, self._total
        )


@dataclass(frozen=True, eq=False)
class Progress:
    """What a callback gets. Curves are lists that grow; the model is the one in training, so copy it to keep it."""

    step: int
    n_steps: int
    elapsed: float
    seconds_left: float
    steps: list
    policy_value: list
    seconds: list
    model: TwoTower


@dataclass(frozen=True, eq=False)
class TrainingResult:
    """
    A learning curve and the model at its end.

    Attributes
    ----------
    steps : (E,) int64
        Steps done at each evaluation; the first is 0.
    policy_value : (E,) float64
        Noise-free value over all users at each.
    seconds : (E,) float64
        Time spent training until then, without the evaluations and the callback.
    model : TwoTower
    stopped : bool
        True if the callback or a keyboard interrupt ended it early.
    """

    steps: np.ndarray
    policy_value: np.ndarray
    seconds: np.ndarray
    model: TwoTower
    stopped: bool


def train(
    world,
    estimator,
    k,
    *,
    n_steps,
    learning_rate,
    marginal="asymptotic",
    baseline=None,
    n_experts=1,
    n_outputs=1,
    late_stage="optimal",
    batch_size=128,
    seed,
    eval_every,
    position_weights=None,
    callback=None,
):
    """
    Train a two-tower early-stage ranker.

    Parameters
    ----------
    world : World
    estimator : str
        One of ``ESTIMATORS``.
    k : int
        Number of candidates.
    n_steps : int
        Number of batches; 0 only evaluates the initial model.
    learning_rate : float
        Adagrad's; see :func:`paper_learning_rate`.
    marginal : {"asymptotic", "exact", "paper"}
        How "CA-PG" and "Outcome-PG" compute their probability ("paper": CA-PG only). The others do not use it.
    baseline : None, "mean" or float
        "mean" is the mean reward of the batch's other contexts. "Outcome-PG" with the asymptotic marginal needs one.
    n_experts : int
        Number of pairs of towers that share the K places.
    n_outputs : int
        Number of items shown, L. A credit-assigned estimator credits each for its own reward.
    late_stage : {"optimal", "noisy", "uniform", "anti"}, noisy or mixture
    batch_size : int
        Users in a step, drawn uniformly with replacement.
    seed : int
        The same seed gives the same curve.
    eval_every : int
        Steps between evaluations; the end is evaluated too.
    position_weights : (L,) array_like, optional
        How much each shown position counts; scaled to sum to one. The mean if not given.
    callback : callable, optional
        Called with a `Progress` at every evaluation and, between two, at least five times a second if the steps are
        short. If it returns True the training stops, with what was learned.

    Returns
    -------
    TrainingResult
        An interrupt from the keyboard gives what was learned until then.

    Raises
    ------
    ValueError
        For bad arguments, or an estimator that has no form with so many experts or outputs.

    Notes
    -----
    Time and memory of a step are O(batch (n + K) + n d), but for Set-PG, the exact marginals and the paper's formula.

    Examples
    --------
    >>> import capg_core as capg
    >>> world = capg.SyntheticWorld(n_users=20, n_items=30)
    >>> result = capg.train(world, "CA-PG", 5, n_steps=200, learning_rate=0.1, seed=0, eval_every=100)
    >>> result.steps, bool(result.policy_value[-1] > result.policy_value[0])
    (array([  0, 100, 200]), True)
    """
    k, n_outputs = check_sizes(world, k, n_outputs)
    n_steps, eval_every = as_count(n_steps, "n_steps", 0), as_count(eval_every, "eval_every")
    n_experts, batch_size = as_count(n_experts, "n_experts"), as_count(batch_size, "batch_size")
    if as_number(learning_rate, "learning_rate", 0.0) == 0.0:
        raise ValueError("learning_rate = 0; expected a positive number")
    if callback is not None and not callable(callback):
        raise ValueError(f"callback = {callback!r}; expected a function of the progress")
    gradient = BatchGradient(
        world, estimator, k, marginal=marginal, baseline=baseline, late_stage=late_stage, n_outputs=n_outputs,
        position_weights=position_weights, n_experts=n_experts, batch_size=batch_size,
    )  # fmt: skip
    trainer = Trainer(
        world, gradient, n_experts=n_experts, batch_size=batch_size, learning_rate=float(learning_rate),
        seed=as_count(seed, "seed", 0),
    )  # fmt: skip

    def value():
        return evaluate(
            trainer.model, world, k, late_stage=late_stage, n_outputs=n_outputs, position_weights=position_weights
        )

    return _run(trainer, value, n_steps, eval_every, callback)


def _run(trainer, value, n_steps, eval_every, callback):
    """Step, evaluate and report until the end or until somebody stops it."""
    steps, values, seconds = [0], [value()], [0.0]
    done, spent, reported, stopped = 0, 0.0, time.perf_counter(), False

    def report():
        left = spent / done * (n_steps - done) if done else float("nan")
        return callback is not None and bool(
            callback(Progress(done, n_steps, spent, left, steps, values, seconds, trainer.model))
        )

    try:
        stopped = report()
        while done < n_steps and not stopped:
            begin = time.perf_counter()
            trainer.step()
            done += 1
            now = time.perf_counter()
            spent += now - begin
            if done % eval_every == 0 or done == n_steps:
                _evaluate_into(steps, values, seconds, done, value, spent)
            elif now - reported < _CALL_EVERY:
                continue
            stopped = report() and done < n_steps
            reported = time.perf_counter()
    except KeyboardInterrupt:
        stopped = True
    if steps[-1] != done:
        _evaluate_into(steps, values, seconds, done, value, spent)
    return TrainingResult(np.array(steps), np.array(values), np.array(seconds), trainer.model, stopped)


def _evaluate_into(steps, values, seconds, done, value, spent):
    """Append one point of the curve; the value first, so that an interrupt leaves the lists of one length."""
    worth = value()
    steps.append(done)
    values.append(worth)
    seconds.append(spent)
