"""The exercises of 10_the_last_place."""

from functools import cache

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, written
from capg_core.classroom.problem import SYNTHETIC, load_problem

# Logits, the K+1 first arrivals in the order of the draws, and what is earned without each.
_SWAP_CASES = (
    (np.array([0.0, 1.0, -0.5]), np.array([1, 0]), np.array([0.2, 0.9])),
    (np.array([0.3, -1.2, 1.0, 0.0]), np.array([2, 0, 3]), np.array([0.4, 0.8, 0.1])),
    (np.array([1.0, 0.5, 0.2, -0.5, -1.0]), np.array([4, 1, 0, 2]), np.array([0.6, 0.6, 0.3, 0.5])),
)
# Logits, first arrivals, and the predicted reward of each item.
_PUSH_CASES = (
    (np.array([0.0, 1.0, -0.5, 0.4]), np.array([1, 0, 3]), np.array([0.2, 0.5, 0.7, 0.9])),
    (np.array([0.3, -1.2, 1.0, 0.0, 0.6]), np.array([2, 0, 3, 1]), np.array([0.1, 0.8, 0.35, 0.6, 1.0])),
    (np.linspace(1.0, -1.0, 7), np.array([0, 5, 3, 2, 6]), np.array([0.3, 0.9, 0.5, 0.2, 0.6, 0.8, 0.4])),
)


# 10.1: the single swap.


def _left(logits, first):
    """Return the weight that is left before each of the K+1 draws."""
    w = np.exp(logits)
    return w.sum() - np.concatenate([[0.0], np.cumsum(w[first])[:-1]])


def _single(logits, first, without, *, ahead=None, terms=None, credited=-1, change=None):
    """Write the single swap, and what comes out where one of its parts is another."""
    left, push = _left(logits, first), np.zeros(len(logits))
    ahead = left[-1] if ahead is None else ahead(left)
    terms = 1.0 / left[:-1] if terms is None else terms(left)
    change = without[-2] - without[-1] if change is None else change
    push[first[credited]] = ahead * np.sum(terms) * change
    return push


def _only_the_next(result, logits, first, without):
    """Say which item but the next arrival gets a number."""
    if result.shape != logits.shape:
        return ""
    others = [int(i) for i in np.flatnonzero(np.abs(result) > 1e-9) if i != first[-1]]
    if not others:
        return ""
    return f"Only the next arrival, here item {first[-1]}, is pushed; yours pushes item {others[0]}."


def _both(logits, first, without):
    push = _single(logits, first, without)
    push[first[-2]] = -push[first[-1]]
    return push


def _own_weight(logits, first, without):
    return _single(logits, first, without, ahead=lambda left: np.exp(logits[first[-1]]))


# 10.2: the push of the second best.


def _values(critic, late_stage="optimal"):
    """Return what a late stage earns on the first arrivals without each of them, given their predicted rewards."""
    if late_stage == "uniform":
        return (critic.sum() - critic) / (len(critic) - 1)
    sign = 1.0 if late_stage == "optimal" else -1.0
    return np.array([sign * np.max(sign * np.delete(critic, i)) for i in range(len(critic))])


def _push(logits, first, critic, *, place=-2, late_stage="optimal", values=None):
    """Return the push of one of the first arrivals; place -1 is the best of them."""
    seen = critic[first]
    values = _values(seen, late_stage) if values is None else values(seen)
    return capg.swap_gradient(logits, first, values)[first[np.argsort(seen)[place]]]


def _position_for_item(logits, first, critic):
    return capg.swap_gradient(logits, first, _values(critic[first]))[np.argsort(critic[first])[-2]]


def _second_of_all(logits, first, critic):
    return capg.swap_gradient(logits, first, _values(critic[first]))[np.argsort(critic)[-2]]


# 10.3: a residual for a case.

CHOICES = ("None", "list", "inclusion")
K = 20
# the critic's errors, in parts of the rewards' unit; how many estimates are averaged
_CASES = ((0.0, 1000), (0.1, 1000), (0.1, 1_000_000))


@cache
def _moments(choice, error):
    problem = load_problem(SYNTHETIC)
    q = problem.mean_reward
    critic = q + error * np.random.default_rng(104).normal(size=q.size)
    return capg.gradient_diagnostics(
        problem.logits, K, q, "Swap-PG", critic=critic, residual=None if choice == "None" else choice,
        reward_std=np.sqrt(q * (1.0 - q)), n_samples=4000, rng=np.random.default_rng(2),
    )  # fmt: skip


def alignment_of_mean(snr, cosine, n_estimates):
    """Return the cosine to be expected between the average of many estimates and the true gradient.

    The average is the mean, and noise of total variance 1 / (n snr^2) in units of its squared length.

    Examples
    --------
    >>> round(alignment_of_mean(0.1, 1.0, 100), 3), round(alignment_of_mean(0.1, 1.0, 10**6), 3)
    (0.707, 1.0)
    """
    return float(cosine / np.sqrt(1.0 + 1.0 / (n_estimates * snr**2)))


def _aligned(choices):
    found = []
    for choice, (error, n_estimates) in zip(choices, _CASES, strict=True):
        moments = _moments(choice, error)
        found.append(alignment_of_mean(moments.snr, moments.cosine, n_estimates))
    return np.array(found)


def _best_choices():
    return "None", "inclusion", "list"


EXERCISES = (
    Exercise(
        key="10.1",
        question="Write single_swap(logits, first, without): the estimate of the gradient from one race. first holds "
        "the K+1 first arrivals in the order of the draws, without what is earned without each of them.",
        expected=_single,
        call="single_swap(logits, first, without)",
        cases=_SWAP_CASES,
        returns="one number for each item",
        invariants=(_only_the_next,),
        praise="That is the single swap. capg.single_swap_gradient gives the same, also for logits far apart.",
        misconceptions=(
            Misconception(
                "the weight before the last place",
                lambda *case: _single(*case, ahead=lambda left: left[-2]),
                "You multiply by the weight that is left before draw K. The next arrival is draw K + 1: one more is "
                "gone by then.",
            ),
            Misconception(
                "one term too many",
                lambda *case: _single(*case, terms=lambda left: 1.0 / left),
                "Your sum has K + 1 terms. The clock runs until the last place is taken: K waiting times.",
            ),
            Misconception(
                "only the last waiting time",
                lambda *case: _single(*case, terms=lambda left: 1.0 / left[-2:-1]),
                "You count the last waiting time only. The time of the K-th arrival is the sum of all K of them.",
            ),
            Misconception(
                "nothing is taken out",
                lambda *case: _single(
                    *case, ahead=lambda left: left[0], terms=lambda left: np.full(len(left) - 1, 1.0 / left[0])
                ),
                "Every weight here is the total, as if draws were put back. Who has arrived is gone for the others.",
            ),
            Misconception(
                "the weight of the next arrival",
                _own_weight,
                "You multiply by the weight of the next arrival alone. That it is the next is already the draw's "
                "doing: what stands there is the weight of all that are left.",
            ),
            Misconception(
                "the sum of what is left",
                lambda *case: _single(*case, terms=lambda left: left[:-1]),
                "You add up the weights that are left. A waiting time is one over the weight: the more is left, the "
                "sooner somebody comes.",
            ),
            Misconception(
                "one over the sum",
                lambda *case: _single(*case, terms=lambda left: 1.0 / np.sum(left[:-1])),
                "This is one over a sum. The waiting times add up: a sum of ones over.",
            ),
            Misconception(
                "the last place is pushed",
                lambda *case: _single(*case, credited=-2),
                "You push the item in the last place. Whose logit is moved here? The next arrival's: it comes a little "
                "earlier, and takes the place.",
            ),
            Misconception(
                "both are pushed",
                _both,
                "The item in the last place gets nothing from one race. It has its own turn, in the races where it is "
                "the next arrival. The average over the orders will sum to zero; this does not.",
            ),
            Misconception(
                "no weights",
                lambda logits, first, without: _single(
                    logits, first, without, ahead=lambda left: 1.0, terms=lambda left: 1.0
                ),
                "This is the difference of the rewards alone. How often does a small change of the logit make the "
                "two meet? That is what the weights say.",
            ),
            Misconception(
                "only one of the rewards",
                lambda logits, first, without: _single(logits, first, without, change=without[-2]),
                "You credit the new list with all it earns. What counts is what the swap changes: less what the "
                "list earns without it.",
            ),
        ),
    ),
    Exercise(
        key="10.2",
        question="Write push_of_second(logits, first, critic): under an optimal late stage that ranks by the critic, "
        "Swap-PG's push on the second best of the first arrivals. critic has one number for each of all items.",
        expected=_push,
        call="push_of_second(logits, first, critic)",
        cases=_PUSH_CASES,
        returns="one number",
        invariants=(
            lambda result, *case: (
                f"Only the best of the first arrivals is pushed up; yours is {written(float(result))}."
                if np.ndim(result) == 0 and result > 1e-9
                else ""
            ),
        ),
        praise="That is right, and it is negative: with the second best out of the way the best would be shown all "
        "the same, and a place more would be safe for it. The second best is not rewarded for being good.",
        misconceptions=(
            Misconception(
                "the best",
                lambda *case: _push(*case, place=-1),
                "This is the push on the best of them. The second best is asked for.",
            ),
            Misconception(
                "the worst",
                lambda *case: _push(*case, place=0),
                "This is the push on the worst of them. Sort, and take the last but one.",
            ),
            Misconception(
                "its own reward",
                lambda *case: _push(*case, values=lambda seen: seen),
                "You give each item's own predicted reward. R without c is what the others earn: the best of them.",
            ),
            Misconception(
                "the mean of the others",
                lambda *case: _push(*case, late_stage="uniform"),
                "You take the mean of the others: that is a late stage that picks at random. This one shows the best.",
            ),
            Misconception(
                "the late stage shows the worst",
                lambda *case: _push(*case, late_stage="anti"),
                "You take the least of the others. The late stage shows the one with the largest predicted reward.",
            ),
            Misconception(
                "the second best is shown",
                lambda *case: _push(
                    *case, values=lambda seen: np.array([np.sort(np.delete(seen, i))[-2] for i in range(len(seen))])
                ),
                "You let the late stage show the second best of those that are left. It shows the best.",
            ),
            Misconception(
                "a place for an item",
                _position_for_item,
                "swap_gradient gives one number for each of all items. You look it up by the place among the first "
                "arrivals: first[...] says which item that is.",
            ),
            Misconception(
                "the second best of all items",
                _second_of_all,
                "You look for the second best among all items. It has to be among the first arrivals; the others get "
                "nothing.",
            ),
        ),
    ),
    Exercise(
        key="10.3",
        question="Clicks, K = 20, an optimal late stage. Which residual brings the average of Swap-PG nearest to the "
        "true gradient: with a right critic and 1,000 estimates; with one that errs by a third of the rewards' spread "
        "and 1,000 estimates; with that one and 1,000,000 estimates?",
        expected=_best_choices,
        choices=CHOICES,
        measured=_aligned,
        returns="three names",
        rtol=0.02,
        nearby=lambda: "cosines of 0.99, 0.68 and 0.995 are within reach",
        praise="That is right. A right critic needs nothing beside it; with one that errs it is noise "
        "against bias, and the more data there are, the more the bias counts.",
        misconceptions=(
            Misconception(
                "always unbiased",
                lambda: ("list", "list", "list"),
                "Unbiased is right on average. With a thousand estimates the list's noise drowns what they say.",
            ),
            Misconception(
                "never a residual",
                lambda: ("None", "None", "None"),
                "Without a residual the critic is believed, errors and all. No number of estimates takes them away.",
            ),
            Misconception(
                "always in between",
                lambda: ("inclusion", "inclusion", "inclusion"),
                "A right critic leaves nothing for a residual but noise; and in a million estimates noise is gone and "
                "the bias is still there.",
            ),
            Misconception(
                "the last two turned round",
                lambda: ("None", "list", "inclusion"),
                "More data make noise small, and leave a bias as it is. Which of the two residuals has the bias?",
            ),
        ),
    ),
)
