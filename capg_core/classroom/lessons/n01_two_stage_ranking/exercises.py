"""The exercises of 01_two_stage_ranking."""

from functools import cache
from math import comb

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, written
from capg_core.classroom.lessons.n01_two_stage_ranking.numbers import early_logits, people

_rng = np.random.default_rng(11)

# Lists of candidates, mean rewards and utilities that do not order the films as the rewards do.
_REGRET_CASES = (
    (np.array([[0, 1]]), np.array([1.0, 4.0, 2.0]), np.array([0.4, 0.2, 0.3])),
    (np.array([[0, 1], [2, 3], [3, 0]]), np.array([1.0, 4.0, 2.0, 3.0]), np.array([0.4, 0.2, 0.1, 0.3])),
    (np.array([[4, 0, 2]]), np.array([0.5, 5.0, 2.5, 3.0, 4.0]), np.array([2.0, 9.0, 3.0, 4.0, 1.0])),
    (_rng.permuted(np.tile(np.arange(12), (8, 1)), axis=1)[:, :4], _rng.random(12), _rng.random(12)),
)
_UNIFORM_CASES = (
    (np.array([0.0, 1.0, 2.0, 7.0]), 2),
    (np.array([4.5, 0.5, 3.0, 1.0, 2.0, 5.0]), 3),
    (np.random.default_rng(3).random(60), 20),
)


def _value(lists, mean_reward, utility):
    return np.mean(mean_reward[capg.choose_output(lists, utility)])


def _regret(lists, mean_reward, utility):
    return mean_reward.max() - _value(lists, mean_reward, utility)


def _uniform_value(mean_reward, k, *, worse=0, others=-1, best_first=True):
    """Return the value, and what comes out when a count is wrong.

    Film h of n is shown in C(n - h + worse, k + others) of C(n, k) sets, where film 1 is the best.
    """
    n, ordered = len(mean_reward), np.sort(mean_reward)
    ordered = ordered[::-1] if best_first else ordered
    return sum(comb(n - h + worse, k + others) * q for h, q in enumerate(ordered, 1)) / comb(n, k)


def _with_replacement(mean_reward, k):
    """Draw with putting back: the best of K independent draws."""
    n = len(mean_reward)
    h = np.arange(1, n + 1)
    return np.sort(mean_reward)[::-1] @ (((n - h + 1) / n) ** k - ((n - h) / n) ** k)


def _between_mean_and_best(result, mean_reward, k):
    if np.mean(mean_reward) - 1e-6 <= result <= np.max(mean_reward) + 1e-6:
        return ""
    low, high = written(np.mean(mean_reward)), written(np.max(mean_reward))
    return f"The value lies between the mean reward {low} and the best {high}; yours is {written(result)}."


def _not_negative(result, *case):
    return "" if result > -1e-9 else f"A regret is never below 0; yours is {written(result)}."


@cache
def _blame(quality=0.5, k=5):
    """Return the values of user 67 for each late stage, and the "best" reward."""
    p = next(person for person in people() if person.user == 67)
    logits = early_logits(p, quality, "random noise")
    stages = ("optimal", "uniform", "anti")
    values = {late: capg.policy_value(logits, k, p.mean_reward, p.utility, late) for late in stages}
    return values | {"best": p.mean_reward.max()}


def _mistakes(quality=0.5, k=5):
    return _blame(quality, k)["optimal"] - _blame(quality, k)["uniform"]


def _another(words, **setting):
    return Misconception(
        words,
        lambda: _mistakes(**setting),
        f"This is the number at {words}. The question is about quality 0.5 and K = 5.",
    )


EXERCISES = (
    Exercise(
        key="01.1",
        question="Write my_regret(lists, mean_reward, utility): the mean regret over the lists, when the late stage "
        "shows the candidate with the largest utility.",
        expected=_regret,
        call="my_regret(lists, mean_reward, utility)",
        cases=_REGRET_CASES,
        returns="one number, the mean over the lists",
        invariants=(_not_negative,),
        misconceptions=(
            Misconception(
                "reward of the first candidate",
                lambda lists, mean_reward, utility: mean_reward.max() - np.mean(mean_reward[lists[:, 0]]),
                "This shows the film drawn first. The order of the draws does not matter to the late stage: it looks "
                "at all the candidates.",
            ),
            Misconception(
                "late stage sees the reward",
                lambda lists, mean_reward, utility: _regret(lists, mean_reward, mean_reward),
                "Here the late stage picks by the mean reward. It knows its own utility only, and the two may differ.",
            ),
            Misconception(
                "compared with the best candidate",
                lambda lists, reward, utility: np.mean(reward[lists].max(axis=1)) - _value(lists, reward, utility),
                "This compares with the best of the candidates, so it is blind to films the early stage left out. "
                "Regret compares with the best film of all.",
            ),
            Misconception(
                "measured in utility",
                lambda lists, mean_reward, utility: _regret(lists, utility, utility),
                "This is in units of the utility. The late stage picks by utility; the user pays in reward.",
            ),
            Misconception(
                "value instead of regret",
                _value,
                "This is the mean reward of what is shown. Regret is how far that falls short of the best film.",
            ),
            Misconception(
                "summed instead of averaged",
                lambda lists, mean_reward, utility: len(lists) * _regret(lists, mean_reward, utility),
                "This grows with the number of lists: it is a sum. The question asks for the mean over the lists.",
            ),
            Misconception(
                "one number for each list",
                lambda lists, reward, utility: reward.max() - reward[capg.choose_output(lists, utility)],
                "This is the regret of each list. The question asks for their mean.",
            ),
            Misconception(
                "the smallest utility",
                lambda lists, mean_reward, utility: _regret(lists, mean_reward, -utility),
                "Here the late stage shows the candidate with the smallest utility.",
            ),
            Misconception(
                "averaged over the candidates",
                lambda lists, mean_reward, utility: mean_reward.max() - np.mean(mean_reward[lists]),
                "This averages over all the candidates, as if the late stage picked at random.",
            ),
            Misconception(
                "place instead of film",
                lambda lists, reward, utility: reward.max() - np.mean(reward[np.argmax(utility[lists], axis=1)]),
                "An argmax over a list gives a place in that list. Which film stands in that place?",
            ),
        ),
        praise="That is right. The last section splits this number between the two stages.",
    ),
    Exercise(
        key="01.2",
        question="Write my_uniform_value(mean_reward, k): the exact expected reward when all sets of k candidates are "
        "equally likely and the late stage shows the best of them.",
        expected=_uniform_value,
        call="my_uniform_value(mean_reward, k)",
        cases=_UNIFORM_CASES,
        invariants=(_between_mean_and_best,),
        loose=5e-3,
        praise="That is right. capg.uniform_value does the same for many users at once.",
        misconceptions=(
            Misconception(
                "with replacement",
                _with_replacement,
                "These are K draws that are put back, so a film can come twice. Count sets of K different films.",
            ),
            Misconception(
                "forgot the late stage",
                lambda mean_reward, k: np.mean(mean_reward),
                "This is the mean over all films, whatever K is: the late stage is missing. Which films must be absent "
                "for a given film to be shown?",
            ),
            Misconception(
                "shows the worst",
                lambda mean_reward, k: _uniform_value(mean_reward, k, best_first=False),
                "This is the value of a late stage that shows the worst candidate. Look at the direction of your sort.",
            ),
            Misconception(
                "counted the film itself",
                lambda mean_reward, k: _uniform_value(mean_reward, k, worse=1),
                "Your probabilities add up to more than one. How many films are worse than the h-th best, if the best "
                "is number one?",
            ),
            Misconception(
                "probability that the best are missed",
                lambda mean_reward, k: _uniform_value(mean_reward, k, others=0),
                "This uses the probability that none of the h best is a candidate. To be shown, the film itself has to "
                "be in the set: how many places are left for the others?",
            ),
            Misconception(
                "one candidate too few",
                lambda mean_reward, k: _uniform_value(mean_reward, k - 1),
                "This is the value with K − 1 candidates. Check the size of the sets.",
            ),
            Misconception(
                "one candidate too many",
                lambda mean_reward, k: _uniform_value(mean_reward, k + 1),
                "This chooses from sets of K + 1 films. Check the size of the sets you divide by.",
            ),
        ),
    ),
    Exercise(
        key="01.3",
        question="User 67, quality 0.5, K = 5, and a late stage that picks at random: how many stars of the expected "
        "regret are the late stage's mistake?",
        expected=_mistakes,
        returns="a number of stars",
        rtol=5e-3,
        nearby=lambda: f"at K = 2, and all else the same, the answer is {_mistakes(k=2):.3f} stars",
        praise="That is right: it is what a perfect late stage would have gained from the same candidates.",
        misconceptions=(
            Misconception(
                "the whole regret",
                lambda: _blame()["best"] - _blame()["uniform"],
                "This is the whole regret. A part of it would remain even with a perfect late stage.",
            ),
            _another("quality 0.3", quality=0.3),
            _another("quality 0.8", quality=0.8),
            _another("quality 0", quality=0.0),
            _another("quality 1", quality=1.0),
            _another("K = 20", k=20),
            _another("K = 50", k=50),
            Misconception(
                "the candidate miss",
                lambda: _blame()["best"] - _blame()["optimal"],
                "This is the part that remains with a perfect late stage: the early stage is to blame for it.",
            ),
            Misconception(
                "another late stage",
                lambda: _blame()["optimal"] - _blame()["anti"],
                "This is for the late stage that picks the worst. The question is about one that picks at random.",
            ),
            Misconception(
                "a share",
                lambda: (_blame()["optimal"] - _blame()["uniform"]) / (_blame()["best"] - _blame()["uniform"]),
                "This is a share of the regret. The question asks for stars.",
            ),
            Misconception(
                "the value",
                lambda: _blame()["uniform"],
                "This is the value, not a regret. What would a perfect late stage make of the same candidates?",
            ),
        ),
    ),
)
