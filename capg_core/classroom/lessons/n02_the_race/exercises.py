"""The exercises of 02_the_race."""

from itertools import permutations

import numpy as np

import capg_core as capg
from capg_core.classroom.check import Exercise, Misconception

# Logits, K and standard exponential noise; negative logits too, so that a logit taken for a weight shows.
_RACE_CASES = (
    (np.array([2.0, 0.0, -1.0, 0.5]), 3, np.array([3.0, 0.2, 1.1, 0.9])),
    (np.array([0.0, 1.0, 2.0, 3.0, -2.0]), 2, np.array([0.1, 2.0, 0.3, 9.0, 0.05])),
    (np.random.default_rng(5).normal(size=9), 4, np.random.default_rng(6).standard_exponential(9)),
)
_INCLUSION_CASES = (
    (np.array([1.5, 0.0, -0.5, -1.0]), 2),
    (np.array([0.5, 2.0, -1.0, 0.0]), 3),
    (np.array([1.0, 0.3, 0.0, -0.7, 0.4]), 2),
)


def _try(function, cases, signature, sizes):
    """Call a student's function on every case and join the results, one row of numbers a case."""
    if not callable(function):
        raise TypeError(f"expected a function {signature}, not {type(function).__name__}")
    results = []
    for case, size in zip(cases, sizes, strict=True):
        result = function(*(part.copy() if isinstance(part, np.ndarray) else part for part in case))
        if result is None or result is ...:
            raise NotImplementedError
        result = np.asarray(result, dtype=float)
        if result.size != size:
            raise ValueError(f"the result has shape {result.shape}; expected {size} numbers, ({size},)")
        results.append(result if result.ndim == 1 else np.atleast_2d(result).reshape(1, -1))
    return np.concatenate(results, axis=-1)


def _try_race(function):
    sizes = [k for _, k, _ in _RACE_CASES]
    return _try(function, _RACE_CASES, "race(logits, k, noise)", sizes)


def _try_inclusion(function):
    sizes = [len(logits) for logits, _ in _INCLUSION_CASES]
    return _try(function, _INCLUSION_CASES, "inclusion(logits, k)", sizes)


def _race(logits, k, noise):
    return np.argsort(noise / np.exp(logits))[:k]


def _multiplied(logits, k, noise):
    """Multiply by the weight: the strong arrive late."""
    return np.argsort(noise * np.exp(logits))[:k]


def _logit_as_rate(logits, k, noise):
    """Divide by the logit, not by its exponential."""
    with np.errstate(divide="ignore"):
        return np.argsort(noise / logits)[:k]


def _latest_first(logits, k, noise):
    return np.argsort(-noise / np.exp(logits))[:k]


def _last_k(logits, k, noise):
    return np.argsort(noise / np.exp(logits))[-k:]


def _by_number(logits, k, noise):
    """Return the first arrivals, but sorted by item number."""
    return np.sort(_race(logits, k, noise))


def _places(logits, k, noise):
    """Return at which place each of the first k items arrives: the inverse of what is asked."""
    return np.argsort(np.argsort(noise / np.exp(logits)))[:k]


def _no_noise(logits, k, noise):
    return np.argsort(-logits)[:k]


def _raw_noise(logits, k, noise):
    return np.argsort(noise)[:k]


def _times(logits, k, noise):
    return np.sort(noise / np.exp(logits))[:k]


def _perturbed(logits, k, noise):
    """Add the exponential noise to the logits, as one would add Gumbel noise."""
    return np.argsort(-(logits + noise))[:k]


def _inclusion(logits, k):
    """Enumerate the lists and add up the probabilities of those that contain the item."""
    total = np.zeros(len(logits))
    for items in permutations(range(len(logits)), k):
        total[list(items)] += np.exp(capg.list_log_prob(logits, items))
    return total


def _softmax(logits):
    weights = np.exp(logits)
    return weights / np.sum(weights)


def _seen_with_replacement(logits, k):
    return 1 - (1 - _softmax(logits)) ** k


def _not_renormalised(logits, k):
    """Multiply top-1 probabilities along the list, without what is left in the denominator."""
    total = np.zeros(len(logits))
    for items in permutations(range(len(logits)), k):
        total[list(items)] += np.prod(_softmax(logits)[list(items)])
    return total


def _increasing_lists_only(logits, k):
    """Count each set once, in one order only."""
    total = np.zeros(len(logits))
    for items in permutations(range(len(logits)), k):
        if list(items) == sorted(items):
            total[list(items)] += np.exp(capg.list_log_prob(logits, items))
    return total


def _averaged_places(logits, k):
    """Divide by K: the chance to be a random one of the candidates."""
    return _inclusion(logits, k) / k


def _last_place(logits, k):
    """The chance of arriving exactly K-th."""
    return _inclusion(logits, k) - (_inclusion(logits, k - 1) if k > 1 else 0.0)


def _counted_itself(logits, k):
    """Let the item count among those that arrive before it, in the integral over the clock."""
    s = np.linspace(-14.0, 6.0, 2001)
    chances = -np.expm1(-np.exp(logits[:, None] + s))
    counts = np.zeros((len(logits) + 1, len(s)))
    counts[0] = 1.0
    for chance in chances:
        counts[1:] = counts[1:] * (1 - chance) + counts[:-1] * chance
        counts[0] = counts[0] * (1 - chance)
    at_most = counts[:k].sum(axis=0)
    rate = np.exp(logits[:, None] + s)
    return np.sum(rate * np.exp(-rate) * at_most, axis=1) * (s[1] - s[0])


_CODE_MISTAKES = (
    Misconception(
        "multiplied by the weight",
        lambda: _multiplied,
        "Here a heavy item arrives late. An exponential with a large rate has a small mean.",
    ),
    Misconception(
        "the logit as the rate",
        lambda: _logit_as_rate,
        "The rate has to be positive, and a logit may be negative. What is the weight of an item with logit θ?",
    ),
    Misconception(
        "the latest first",
        lambda: _latest_first,
        "This starts with the last to arrive. Who are the candidates of a race?",
    ),
    Misconception(
        "the last ones",
        lambda: _last_k,
        "These are the last K of the order of arrival.",
    ),
    Misconception(
        "sorted by number",
        lambda: _by_number,
        "These are the right items, and the order of arrival is lost: the list is in order of item numbers.",
    ),
    Misconception(
        "places instead of items",
        lambda: _places,
        "This gives each item's place in the race. The question asks which item comes first, second, and so on.",
    ),
    Misconception(
        "no noise",
        lambda: _no_noise,
        "This takes the largest logits: nothing is drawn. Where is the noise?",
    ),
    Misconception(
        "noise without weights",
        lambda: _raw_noise,
        "This ignores the logits: every item has the same chance. What turns a standard exponential into one with "
        "rate w?",
    ),
    Misconception(
        "times instead of items",
        lambda: _times,
        "These are arrival times. The question asks for the items.",
    ),
    Misconception(
        "added exponential noise to the logits",
        lambda: _perturbed,
        "Adding noise to the logits works with Gumbel noise, which is minus the log of an exponential. This noise is "
        "exponential.",
    ),
)

EXERCISES = (
    Exercise(
        key="02.1",
        question="Write race(logits, k, noise): the first k items to arrive, in order of arrival. noise holds one "
        "standard exponential (rate 1) for each item.",
        expected=lambda: _race,
        evaluate=_try_race,
        rtol=1e-9,
        loose=1e-9,  # items are right or wrong
        praise="That is a Plackett-Luce sampler in one line.",
        misconceptions=_CODE_MISTAKES,
    ),
    Exercise(
        key="02.2",
        question="Write inclusion(logits, k): for each item, the exact probability that it is among the k candidates. "
        "Up to five items, so the integral and adding up all lists both work.",
        expected=lambda: _inclusion,
        evaluate=_try_inclusion,
        rtol=1e-4,  # an honest sum over a grid of the clock
        loose=2e-2,
        praise="That is right. capg.inclusion_probabilities does it for thousands of items.",
        misconceptions=(
            Misconception(
                "K times the softmax",
                lambda: lambda logits, k: k * _softmax(logits),
                "This is K times the chance to be drawn first. It can exceed one: look at the heaviest item.",
            ),
            Misconception(
                "with replacement",
                lambda: _seen_with_replacement,
                "This is the chance to be seen in K draws that are put back. Do your probabilities add up to K?",
            ),
            Misconception(
                "the first draw only",
                lambda: lambda logits, k: _softmax(logits),
                "This is the chance to arrive first. There are K places.",
            ),
            Misconception(
                "forgot the normaliser of what is left",
                lambda: _not_renormalised,
                "Each draw is a softmax over the items that are left, so its denominator shrinks. Yours does not.",
            ),
            Misconception(
                "one order of each set",
                lambda: _increasing_lists_only,
                "You counted each set in one order only. The same candidates can come in any order.",
            ),
            Misconception(
                "averaged over the places",
                lambda: _averaged_places,
                "These add up to one. How many candidates are there?",
            ),
            Misconception(
                "exactly K-th",
                lambda: _last_place,
                "This is the chance to take the last place only. Being earlier is good enough: at most K − 1 others "
                "come before.",
            ),
            Misconception(
                "one place too few",
                lambda: lambda logits, k: _inclusion(logits, k - 1),
                "This is the answer for K − 1 places. How many others may come before an item that still gets in?",
            ),
            Misconception(
                "one place too many",
                lambda: lambda logits, k: _inclusion(logits, k + 1),
                "This is the answer for K + 1 places. How many others may come before an item that still gets in?",
            ),
            Misconception(
                "counted the item itself",
                lambda: _counted_itself,
                "The count of those who came before must leave the item itself out: it arrives now.",
            ),
        ),
    ),
    Exercise(
        key="02.3",
        question="Logits 1000, 0, 0, 0 and −∞, and K = 2. What is the inclusion probability of the second item?",
        expected=lambda: float(capg.inclusion_probabilities([1000.0, 0.0, 0.0, 0.0, -np.inf], 2)[1]),
        rtol=5e-3,
        loose=2e-2,
        praise="That is right: the first place is taken for sure, and three items race for the other.",
        misconceptions=(
            Misconception(
                "the masked item takes part",
                lambda: 1 / 4,
                "You let one item too many race for what is left. What is the weight of an item with logit −∞?",
            ),
            Misconception(
                "both places are free",
                lambda: 2 / 3,
                "You left both places to the three equal items. Who arrives first?",
            ),
            Misconception(
                "K times the softmax",
                lambda: 0.0,
                "The softmax gives this item nothing, and that is the chance to arrive first. There is a second place.",
            ),
            Misconception(
                "both places, and all four equal",
                lambda: 1 / 2,
                "You shared two places among four. One of the items is certain, and one is out.",
            ),
            Misconception(
                "certain",
                lambda: 1.0,
                "This would be true with room for all three equal items. How many places are left after the heavy one?",
            ),
            Misconception(
                "a share of the total",
                lambda: 2 / 5,
                "You shared the places equally among all five. Two of the items are special: look at their weights.",
            ),
        ),
    ),
)
