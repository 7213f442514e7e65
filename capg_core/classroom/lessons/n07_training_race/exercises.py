"""The exercises of 07_training_race."""

from functools import cache

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, sums_to, written

# Parameters, gradients, sums of squares and a rate: the steps are as long as the parameters, so that both count.
_STEP_CASES = (
    (np.array([0.1, -0.2]), np.array([0.5, -2.0]), np.array([1.0, 4.0]), 0.5),
    (np.array([0.0, 0.2, -0.3]), np.array([0.5, -2.0, 0.1]), np.array([1.0, 4.0, 0.25]), 0.3),
    (np.array([0.03, -0.07]), np.array([-1.5, 3.0]), np.array([2.0, 0.5]), 0.1),
)
_REWARD_CASES = (
    (np.array([1.0, 4.0]),),
    (np.array([7.0, 5.0, 9.0, 1.0]),),
    (np.array([2.5, 2.5, 4.0]),),
    (np.array([0.0, 6.0]),),
)
LEVEL = 7.3


def _adagrad(theta, gradient, squares, rate, *, added=None, divide=np.sqrt):
    """Step uphill, and what comes out when something else is added to the squares, or the step divided otherwise."""
    squares = squares + (gradient**2 if added is None else added)
    return theta + rate * gradient / divide(squares), squares


def _old_squares(theta, gradient, squares, rate):
    return theta + rate * gradient / np.sqrt(squares), squares + gradient**2


def _one_norm(theta, gradient, squares, rate):
    """Divide the whole gradient by one length."""
    squares = squares + gradient**2
    return theta + rate * gradient / np.sqrt(np.sum(squares)), squares


def _squares_grow(result, theta, gradient, squares, rate):
    new = result[1]
    if new.shape != squares.shape or np.all(new >= squares - 1e-9):
        return ""
    i = int(np.argmin(new - squares))
    return f"A sum of squares never falls; yours goes from {written(squares[i])} to {written(new[i])}."


def _standardised(rewards):
    deviation = np.std(rewards)
    return (rewards - np.mean(rewards)) / (deviation if deviation > 0.0 else 1.0)


def _sum_of_others(rewards):
    return np.sum(rewards) - rewards


def _mean_of_others(rewards):
    return _sum_of_others(rewards) / (len(rewards) - 1)


@cache
def _curve(estimator, baseline=None):
    """Train an estimator on the notebook's small world, K = 10, rate 0.1, seed 0."""
    return capg.train(
        capg.SyntheticWorld(200, 200), estimator, 10,
        n_steps=500, learning_rate=0.1, seed=0, eval_every=50, baseline=baseline,
    )  # fmt: skip


def _steps(level=LEVEL):
    """Return how many steps V-PG with a baseline and CA-PG take to a level."""
    curves = _curve("V-PG", "mean"), _curve("CA-PG")
    return tuple(int(curve.steps[np.argmax(curve.policy_value >= level)]) for curve in curves)


def _ratio(level=LEVEL):
    vanilla, credit = _steps(level)
    return vanilla / credit


# 07.4: an estimator for a case.

CHOICES = ("V-PG", "V-PG + b", "Outcome-PG + b", "CA-PG", "CA-PG + b")
_LATE_STAGES = ("uniform", capg.mix("optimal", "anti", 0.3))


@cache
def _end(choice, case):
    """Return the value after 300 steps on the small world, K = 20, rate 0.1, seed 0, with one of the late stages."""
    estimator, _, baseline = choice.partition(" + ")
    return capg.train(
        capg.SyntheticWorld(200, 200), estimator, 20, n_steps=300, learning_rate=0.1, seed=0, eval_every=300,
        baseline="mean" if baseline else None, late_stage=_LATE_STAGES[case],
    ).policy_value[-1]  # fmt: skip


def _ends(choices):
    return np.array([_end(choice, case) for case, choice in enumerate(choices)])


def _best_choices():
    return "Outcome-PG + b", "CA-PG"


EXERCISES = (
    Exercise(
        key="07.1",
        question="Write my_adagrad(theta, gradient, squares, rate): one step uphill; return the new theta and squares.",
        expected=_adagrad,
        call="my_adagrad(theta, gradient, squares, rate)",
        cases=_STEP_CASES,
        returns="two arrays: return theta, squares",
        invariants=(_squares_grow,),
        praise="That is Adagrad. The library adds 1e-10 to the root, so that 0 / 0 cannot happen.",
        misconceptions=(
            Misconception(
                "downhill",
                lambda theta, gradient, squares, rate: _adagrad(theta, gradient, squares, -rate),
                "The sizes are right and theta goes the wrong way: we want more reward, so we climb.",
            ),
            Misconception(
                "theta never moved",
                lambda theta, gradient, squares, rate: (theta, squares + gradient**2),
                "The squares are right, and theta is where it was. Return the new theta.",
            ),
            Misconception(
                "the sign of the gradient",
                lambda theta, gradient, squares, rate: (theta + rate * np.sign(gradient), squares + gradient**2),
                "Every parameter moves by the rate itself here. The step is divided by the root of all the squares so "
                "far, not only of the last one.",
            ),
            Misconception(
                "one norm for all",
                _one_norm,
                "The whole gradient is divided by one length. In Adagrad each parameter has a sum of its own.",
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
        question="Write my_advantages(rewards): each reward of a batch minus the mean of the other rewards.",
        expected=lambda rewards: rewards - _mean_of_others(rewards),
        call="my_advantages(rewards)",
        cases=_REWARD_CASES,
        returns="one number for each reward",
        invariants=(sums_to(0.0, "Advantages sum to", "yours sum to"),),
        praise='That is what baseline="mean" subtracts. It is independent of the list it is applied to.',
        misconceptions=(
            Misconception(
                "own reward in the mean",
                lambda rewards: rewards - np.mean(rewards),
                "The mean has the reward itself in it. Then the baseline depends on the very draw it is applied "
                "to, and the estimate is no longer right on average. Leave that reward out.",
            ),
            Misconception(
                "standardised",
                _standardised,
                "These are divided by their standard deviation. Only the mean of the others is taken away here.",
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
        nearby=lambda: f"to first show a value of 6.9 or more the answer is {written(_ratio(6.9))}",
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
    Exercise(
        key="07.4",
        question="Small world, K = 20, 300 steps, rate 0.1. Which estimator ends highest if the late stage (a) picks "
        "at random, (b) picks the best in 70 % of the cases and the worst in 30 %? Give two names.",
        expected=_best_choices,
        returns="two names",
        choices=CHOICES,
        measured=_ends,
        rtol=0.02,  # two seeds differ by some per cent; equals are equally right
        nearby=lambda: "({:.1f}, {:.1f}) is reached after 300 steps".format(*_ends(_best_choices())),
        praise="That is right, and measured. In (a) CA-PG and Outcome-PG with the baseline are the same.",
        misconceptions=(
            Misconception(
                "CA-PG without a baseline, always",
                lambda: ("CA-PG", "CA-PG"),
                "A late stage that picks at random has no preference that CA-PG could imitate: there it has no bias, "
                "and a baseline only takes noise away.",
            ),
            Misconception(
                "what is unbiased, always",
                lambda: ("Outcome-PG + b", "Outcome-PG + b"),
                "Right on average is not all in 300 steps. In (b) the late stage mostly likes what the users like, and "
                "CA-PG's bias pushes that way.",
            ),
            Misconception(
                "V-PG with a baseline, always",
                lambda: ("V-PG + b", "V-PG + b"),
                "It is right on average whatever the late stage does, and noisy: 300 steps are few for it at K = 20.",
            ),
            Misconception(
                "the other way round",
                lambda: ("CA-PG", "Outcome-PG + b"),
                "It is the other way round. In which of the two has the late stage a preference that helps to learn?",
            ),
        ),
    ),
)
