"""The exercises of 07_training_race."""

from functools import cache

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception

# Parameters, gradients, sums of squares and a rate.
_STEP_CASES = (
    (np.array([0.0, 1.0, -2.0]), np.array([0.5, -2.0, 0.1]), np.array([1.0, 4.0, 0.25]), 0.1),
    (np.array([0.3, -0.7]), np.array([-1.5, 3.0]), np.array([2.0, 0.5]), 0.01),
)
_REWARD_CASES = ((np.array([7.0, 5.0, 9.0, 1.0]),), (np.array([2.5, 2.5, 4.0]),), (np.array([0.0, 6.0]),))
LEVEL = 7.3


def _adagrad(theta, gradient, squares, rate, *, added=None, divide=np.sqrt):
    """Step uphill, and what comes out when something else is added to the squares, or the step divided otherwise."""
    squares = squares + (gradient**2 if added is None else added)
    return theta + rate * gradient / divide(squares), squares


def _old_squares(theta, gradient, squares, rate):
    return theta + rate * gradient / np.sqrt(squares), squares + gradient**2


def _sum_of_others(rewards):
    return np.sum(rewards) - rewards


def _mean_of_others(rewards):
    return _sum_of_others(rewards) / (len(rewards) - 1)


def _steps_to_level(estimator, baseline=None):
    """Return how many steps an estimator takes to `LEVEL` on the notebook's small world, K = 10, rate 0.1, seed 0."""
    curve = capg.train(
        capg.SyntheticWorld(200, 200), estimator, 10,
        n_steps=500, learning_rate=0.1, seed=0, eval_every=50, baseline=baseline,
    )  # fmt: skip
    return int(curve.steps[np.argmax(curve.policy_value >= LEVEL)])


@cache
def _steps():
    return _steps_to_level("V-PG", "mean"), _steps_to_level("CA-PG")


def _ratio():
    vanilla, credit = _steps()
    return vanilla / credit


EXERCISES = (
    Exercise(
        key="07.1",
        question="Write adagrad(theta, gradient, squares, rate): one step uphill; return the new theta and squares.",
        expected=_adagrad,
        call="adagrad(theta, gradient, squares, rate)",
        cases=_STEP_CASES,
        returns="two arrays: return theta, squares",
        wrong_shape="an array has shape {found}; expected {wanted}, one number a parameter",
        other_shape="refuse",
        rtol=1e-8,
        praise="That is Adagrad. The library adds 1e-10 to the root, so that 0 / 0 cannot happen.",
        misconceptions=(
            Misconception(
                "downhill",
                lambda theta, gradient, squares, rate: _adagrad(theta, gradient, squares, -rate),
                "The sizes are right and theta goes the wrong way: we want more reward, so we climb.",
            ),
            Misconception(
                "no square root",
                lambda theta, gradient, squares, rate: _adagrad(theta, gradient, squares, rate, divide=np.positive),
                "The gradient is divided by the sum of squares. A sum of squares has the unit of a gradient "
                "squared; what makes the step free of the gradient's unit?",
            ),
            Misconception(
                "no memory",
                lambda theta, gradient, squares, rate: _adagrad(theta, gradient, 0.0, rate),
                "The squares of the earlier steps are lost here, so every step has the length of the rate. "
                "Add the new square to the old sum.",
            ),
            Misconception(
                "old sum of squares",
                _old_squares,
                "The step divides by the old sum. Add the new square first, then step: otherwise the first "
                "step of all divides by zero.",
            ),
            Misconception(
                "one sum for all parameters",
                lambda theta, gradient, squares, rate: _adagrad(
                    theta, gradient, squares, rate, added=np.sum(gradient**2)
                ),
                "All parameters share one sum here. In Adagrad each parameter has a sum of its own, so a "
                "parameter with small gradients keeps taking large steps.",
            ),
        ),
    ),
    Exercise(
        key="07.2",
        question="Write advantages(rewards): each reward of a batch minus the mean of the other rewards.",
        expected=lambda rewards: rewards - _mean_of_others(rewards),
        call="advantages(rewards)",
        cases=_REWARD_CASES,
        wrong_shape="the result has shape {found}; expected {wanted}, one number a reward",
        other_shape="refuse",
        rtol=1e-8,
        praise='That is what baseline="mean" subtracts. It is independent of the list it is applied to.',
        misconceptions=(
            Misconception(
                "own reward in the mean",
                lambda rewards: rewards - np.mean(rewards),
                "The mean has the reward itself in it. Then the baseline depends on the very draw it is applied "
                "to, and the estimate is no longer right on average. Leave that reward out.",
            ),
            Misconception(
                "divided by all",
                lambda rewards: rewards - _sum_of_others(rewards) / len(rewards),
                "The sum leaves the own reward out, and the division does not: how many others are there?",
            ),
            Misconception(
                "summed instead of averaged",
                lambda rewards: rewards - _sum_of_others(rewards),
                "This subtracts the sum of the other rewards. Their mean is asked.",
            ),
            Misconception(
                "baseline only",
                _mean_of_others,
                "This is the baseline itself. The gradient is multiplied by the reward minus the baseline.",
            ),
        ),
    ),
    Exercise(
        key="07.3",
        question=f"How many times as many steps does V-PG with baseline='mean' need as CA-PG to first show a value of "
        f"{LEVEL} or more? Small world, K = 10, rate 0.1, seed 0, one look every 50 steps.",
        expected=_ratio,
        rtol=1e-6,
        loose=0.2,
        praise="That is right. Without the baseline, V-PG would still be on its way.",
        misconceptions=(
            Misconception(
                "upside down",
                lambda: 1.0 / _ratio(),
                "The ratio is upside down: the noisier estimator needs more steps, not fewer.",
            ),
            Misconception(
                "difference",
                lambda: float(_steps()[0] - _steps()[1]),
                "This is how many steps more. How many times as many?",
            ),
            Misconception(
                "steps of V-PG",
                lambda: float(_steps()[0]),
                "This is V-PG's number of steps. Divide it by CA-PG's.",
            ),
        ),
    ),
)
