"""Training an early-stage ranker on a world, on-policy, with any estimator of the ladder.

A step draws a batch of users, samples candidates, outputs and rewards, sends the gradient of every logit through the
towers and takes an Adagrad step upward.

Source of the setting: Kiyohara et al. (2026): batch 128, Adagrad, learning rate 0.1 for list estimators and 0.01 for
credit-assigned ones; or one rate for all. Adagrad: Duchi, Hazan and Singer (2011).
"""

import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from capg_core._checks import as_count, as_number, as_seed, said
from capg_core._interrupt import ready_to_wait, uninterrupted
from capg_core._kernel import kernel
from capg_core._types import ArrayLike, Floats, Items
from capg_core.ladder import rung_of
from capg_core.late_stage import LateStageLike
from capg_core.rung import FIRST, LIST, OUTPUT
from capg_core.training.evaluation import check_sizes, evaluate
from capg_core.training.step import BatchGradient
from capg_core.training.towers import TwoTower, one_blas_thread
from capg_core.worlds.world import World

_EPSILON = 1e-10  # of Adagrad
_FASTEST = 1e6  # a learning rate; at larger ones the squared gradients leave what a double holds
_CALL_EVERY = 0.2  # seconds between two calls of the callback at most
PAPER_RATES = {LIST: 0.1, OUTPUT: 0.01, FIRST: 0.1}  # by what a rung sees; the last is not in the paper


def paper_learning_rate(estimator: str) -> float:
    """
    The learning rate that the paper uses for an estimator.

    Parameters
    ----------
    estimator : str
        One of ``ESTIMATORS``. Set-PG counts as a list estimator, Outcome-PG (not in the paper) as credit-assigned;
        Swap-PG (not in the paper) has the larger rate.

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
    return PAPER_RATES[rung_of(estimator).sees]


@kernel
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


@kernel
def few_products(rows, places, users, items, of_users, of_items):
    """
    Fill of_users (B, d) = rows @ items and of_items (n, d) = rows.T @ users.

    The rows (B, n) are zero but at ``places`` (B, P), which are distinct within a row.
    """
    of_users[:] = 0.0
    of_items[:] = 0.0
    for b in range(places.shape[0]):
        for j in places[b]:
            g = rows[b, j]
            for d in range(items.shape[1]):
                of_users[b, d] += g * items[j, d]
                of_items[j, d] += g * users[b, d]


@dataclass(frozen=True, eq=False)
class Progress:
    """What a callback gets. Curves are lists that grow; the model is the one in training, so copy it to keep it."""

    step: int
    n_steps: int
    elapsed: float
    seconds_left: float
    steps: list[int]
    policy_value: list[float]
    seconds: list[float]
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

    steps: Items
    policy_value: Floats
    seconds: Floats
    model: TwoTower
    stopped: bool


class Training:
    """
    A model in training: each call of `step` is one batch. Parameters as in :func:`train`.

    Attributes
    ----------
    model : TwoTower
    gradient : BatchGradient
        Holds the last batch's candidates, outputs and rewards.
    done, n_steps : int
        Steps done, and all of them.
    spent : float
        Seconds spent in them, without the measurements.
    steps, policy_value, seconds : list
        The learning curve so far, as in `TrainingResult`.
    """

    def __init__(
        self,
        world: World,
        estimator: str,
        k: int,
        *,
        n_steps: int,
        learning_rate: float,
        marginal: str = "asymptotic",
        baseline: str | float | None = None,
        n_experts: int = 1,
        n_outputs: int = 1,
        late_stage: LateStageLike = "optimal",
        batch_size: int = 128,
        seed: int,
        eval_every: int,
        position_weights: ArrayLike | None = None,
        dim: int = 10,
        critic: ArrayLike | None = None,
        residual: str | None = None,
    ) -> None:
        self.k, n_outputs = check_sizes(world, k, n_outputs)
        self.n_steps, self.eval_every = as_count(n_steps, "n_steps", 0), as_count(eval_every, "eval_every")
        n_experts, batch_size = as_count(n_experts, "n_experts"), as_count(batch_size, "batch_size")
        self.world, self.rate = world, as_number(learning_rate, "learning_rate", 0.0, _FASTEST)
        if self.rate == 0.0:
            raise ValueError("learning_rate = 0; expected a positive number")
        self.gradient = BatchGradient(
            world, estimator, self.k, marginal=marginal, baseline=baseline, late_stage=late_stage, n_outputs=n_outputs,
            position_weights=position_weights, n_experts=n_experts, batch_size=batch_size, critic=critic,
            residual=residual,
        )  # fmt: skip
        for_model, for_steps = np.random.SeedSequence(as_seed(seed)).spawn(2)
        self.model = TwoTower(world.n_users, world.n_items, dim, n_experts, np.random.default_rng(for_model))
        self._rng = np.random.default_rng(for_steps)
        self._shown = {"late_stage": late_stage, "n_outputs": n_outputs, "position_weights": position_weights}
        self._theta = np.empty((n_experts, batch_size, world.n_items))
        self._of_users = np.empty((n_experts, batch_size, self.model.dim))
        self._of_items = np.empty_like(self.model.items)
        self._sums = np.zeros_like(self.model.users), np.zeros_like(self.model.items)
        self._total = np.zeros_like(self.model.users[0])
        self.done, self.spent = 0, 0.0
        self.steps, self.policy_value, self.seconds = [], [], []

    def tower_gradients(self, users: Items) -> tuple[Floats, Floats]:
        """Sample a batch; return its mean gradients on the embeddings, (M, B, d) of users and (M, n, d) of items."""
        model, world = self.model, self.world
        available = None if world.available is None else world.available[users]
        theta = model.logits_of(users, available, self._theta)
        rows = self.gradient(theta, users, self._rng)
        with one_blas_thread():
            for m in range(model.n_experts):
                seen = model.users[m, users] / users.size
                if self.gradient.moves_few:
                    places = self.gradient.arrivals
                    few_products(rows[m], places, seen, model.items[m], self._of_users[m], self._of_items[m])
                    continue
                np.matmul(rows[m], model.items[m], out=self._of_users[m])
                np.matmul(rows[m].T, seen, out=self._of_items[m])
        self._of_users /= users.size
        return self._of_users, self._of_items

    @uninterrupted()
    def step(self) -> bool:
        """
        Draw a batch of users and move the model; measure where it is time. Return whether it was.

        An interrupt waits for its end, so that model and curve agree.
        """
        begin = time.perf_counter()
        users = self._rng.integers(self.world.n_users, size=self._theta.shape[1])
        of_users, of_items = self.tower_gradients(users)
        model = self.model
        adagrad_step(
            model.users, users, self._sums[0], of_users, of_items, model.items, self._sums[1], self.rate, self._total
        )
        self.done += 1
        self.spent += time.perf_counter() - begin
        due = self.done % self.eval_every == 0 or self.done == self.n_steps
        if due:
            self.measure()
        return due

    def measure(self) -> None:
        """Append a point to the curve; the value first, so that an interrupt leaves the lists of one length."""
        worth = evaluate(self.model, self.world, self.k, **self._shown)
        self.steps.append(self.done)
        self.policy_value.append(worth)
        self.seconds.append(self.spent)

    def progress(self) -> Progress:
        """Return a `Progress`."""
        left = self.spent / self.done * (self.n_steps - self.done) if self.done else float("nan")
        curve = self.steps, self.policy_value, self.seconds
        return Progress(self.done, self.n_steps, self.spent, left, *curve, self.model)

    def result(self) -> TrainingResult:
        """Return the curve so far as a `TrainingResult`, with the model itself; stopped until all steps are done."""
        steps = np.array(self.steps, np.int64)
        value, seconds = np.array(self.policy_value, np.float64), np.array(self.seconds, np.float64)
        return TrainingResult(steps, value, seconds, self.model, self.done < self.n_steps)


def train(
    world: World,
    estimator: str,
    k: int,
    *,
    n_steps: int,
    learning_rate: float,
    marginal: str = "asymptotic",
    baseline: str | float | None = None,
    n_experts: int = 1,
    n_outputs: int = 1,
    late_stage: LateStageLike = "optimal",
    batch_size: int = 128,
    seed: int,
    eval_every: int,
    position_weights: ArrayLike | None = None,
    dim: int = 10,
    critic: ArrayLike | None = None,
    residual: str | None = None,
    callback: Callable[[Progress], object] | None = None,
) -> TrainingResult:
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
        How "CA-PG" and "Outcome-PG", or a residual of these, compute their probability ("paper": CA-PG only). The
        others do not use it.
    baseline : None, "mean" or float
        "mean" is the mean of the batch's other contexts: of their rewards, or of reward - critic where there is a
        critic. "Outcome-PG" with the asymptotic marginal needs one.
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
    dim : int
        Length of the embeddings.
    critic : (n_items,) or (n_users, n_items) array_like, optional
        Predicted reward of each item, for "Swap-PG"; the world's if not given.
    residual : {None, "list", "inclusion", "outcome"}
        For "Swap-PG", as in :func:`estimate_gradients`.
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
    if callback is not None and not callable(callback):
        raise ValueError(f"callback = {said(callback)}; expected a function of the progress")
    run = None
    with ready_to_wait():
        with contextlib.suppress(KeyboardInterrupt):
            with uninterrupted():
                run = Training(
                    world, estimator, k, n_steps=n_steps, learning_rate=learning_rate, marginal=marginal,
                    baseline=baseline, n_experts=n_experts, n_outputs=n_outputs, late_stage=late_stage,
                    batch_size=batch_size, seed=seed, eval_every=eval_every, position_weights=position_weights,
                    dim=dim, critic=critic, residual=residual,
                )  # fmt: skip
                run.measure()
            _run(run, callback)
        if run is None:
            raise KeyboardInterrupt  # it came before there was anything to keep
        with uninterrupted(drop=True):  # it has been told to stop; what it learned is handed over
            if run.steps[-1] != run.done:
                run.measure()
            return run.result()


def _run(run, callback):
    """Step and report until the end, or until the callback stops it."""
    reported, stopped = time.perf_counter(), callback is not None and callback(run.progress())
    while run.done < run.n_steps and not stopped:
        measured = run.step()
        if callback is not None and (measured or time.perf_counter() - reported >= _CALL_EVERY):
            stopped = callback(run.progress())
            reported = time.perf_counter()
