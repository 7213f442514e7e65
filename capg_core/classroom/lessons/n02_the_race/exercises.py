"""The exercises of 02_the_race."""

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, between, sums_to
from capg_core.classroom.plain import all_lists, softmax

# Logits, K and standard exponential noise; negative logits too, so that a logit taken for a weight shows.
_RACE_CASES = (
    (np.array([1.0, 0.0, -1.0]), 2, np.array([2.0, 0.9, 0.1])),
    (np.array([2.0, 0.0, -1.0, 0.5]), 3, np.array([3.0, 0.2, 1.1, 0.9])),
    (np.array([0.0, 1.0, 2.0, 3.0, -2.0]), 2, np.array([0.1, 2.0, 0.3, 9.0, 0.05])),
    (np.random.default_rng(5).normal(size=9), 4, np.random.default_rng(6).standard_exponential(9)),
)
_INCLUSION_CASES = (
    (np.array([1.5, 0.0, -0.5, -1.0]), 2),
    (np.array([0.5, 2.0, -1.0, 0.0]), 3),
    (np.array([1.0, 0.3, 0.0, -0.7, 0.4]), 2),
)


def _times(logits, noise):
    return noise / np.exp(logits)


def _race(logits, k, noise):
    return np.argsort(_times(logits, noise))[:k]


def _items_of_the_race(result, logits, k, noise):
    """Say where a list holds no items, or one twice."""
    n = len(logits)
    if not np.all(np.isin(result, np.arange(n))):
        return f"The items have the numbers 0 to {n - 1}, and yours are others."
    if len(np.unique(result)) < result.size:
        return "An item can be a candidate once only; in yours one comes twice."
    return "" if result.size == k else f"There are {k} candidates; yours are {result.size}."


def _held(lists, chances, n_items):
    """Add up, for each item, the chances of the lists that hold it."""
    return np.bincount(lists.ravel(), np.repeat(chances, lists.shape[1]), n_items)


def _inclusion(logits, k, one_order=False):
    """Add up the lists; with one_order each set is counted once, in increasing order."""
    lists = all_lists(len(logits), k)
    lists = lists[np.all(np.diff(lists) > 0, axis=1)] if one_order else lists
    return _held(lists, np.exp(capg.list_log_prob(logits, lists)), len(logits))


def _not_renormalised(logits, k):
    """Multiply top-1 probabilities along the list, without what is left in the denominator."""
    lists = all_lists(len(logits), k)
    return _held(lists, np.prod(softmax(logits)[lists], axis=1), len(logits))


def _over_the_clock(logits, k, grid=(-14.0, 6.0, 2001), itself=False, without_t=False):
    """Integrate over s = log t: an item arrives, and at most k - 1 of the others have; and with a mistake in it.

    Parameters
    ----------
    logits : (n,) array
    k : int
    grid : tuple
        Ends and number of points of s.
    itself : bool
        Let the item count among those that arrive before it.
    without_t : bool
        Take ds for dt.

    Returns
    -------
    (n,) array
    """
    s = np.linspace(*grid)
    rate = np.exp(logits[:, None] + s)
    result = []
    for i in range(len(logits)):
        counts = np.zeros((len(logits) + 1, len(s)))
        counts[0] = 1.0
        for chance in -np.expm1(-(rate if itself else np.delete(rate, i, axis=0))):
            counts[1:] = counts[1:] * (1 - chance) + counts[:-1] * chance
            counts[0] = counts[0] * (1 - chance)
        density = rate[i] * np.exp(-rate[i]) / (np.exp(s) if without_t else 1.0)
        result.append(np.sum(density * counts[:k].sum(axis=0)) * (s[1] - s[0]))
    return np.array(result)


def _forgot_t(values, wanted):
    """Say if what is wrong is a multiple of the weights: that part grows with the grid, whose ends are free.

    Without the factor t the integrand is the weight itself long before the start, so the sum is the weight times the
    length of the grid there, and a part that the grid does not change.
    """
    for (logits, k), value in zip(_INCLUSION_CASES, values, strict=True):
        if value.shape != logits.shape or not np.all(np.isfinite(value)):
            return False
        rest = value - _over_the_clock(logits, k, (-14.0, 6.0, 2001), without_t=True)
        lengths = rest / np.exp(logits)
        if np.ptp(lengths) > 0.02 or abs(lengths.mean()) > 40:
            return False
    return True


EXERCISES = (
    Exercise(
        key="02.1",
        question="Write my_race(logits, k, noise): the first k items to arrive, in order of arrival. noise holds one "
        "standard exponential (rate 1) for each item.",
        expected=_race,
        call="my_race(logits, k, noise)",
        cases=_RACE_CASES,
        returns="k item numbers",
        invariants=(_items_of_the_race,),
        praise="That is a Plackett-Luce sampler in one line.",
        misconceptions=(
            Misconception(
                "multiplied by the weight",
                lambda logits, k, noise: np.argsort(noise * np.exp(logits))[:k],
                "Here a heavy item arrives late. An exponential with a large rate has a small mean.",
            ),
            Misconception(
                "the logit as the rate",
                lambda logits, k, noise: np.argsort(noise / logits)[:k],
                "The rate has to be positive, and a logit may be negative. What is the weight of an item with logit θ?",
            ),
            Misconception(
                "the latest first",
                lambda logits, k, noise: np.argsort(-_times(logits, noise))[:k],
                "This starts with the last to arrive. Who are the candidates of a race?",
            ),
            Misconception(
                "one-based",
                lambda logits, k, noise: _race(logits, k, noise) + 1,
                "Every number is one too large: the first item has the number 0 here.",
            ),
            Misconception(
                "reversed",
                lambda logits, k, noise: _race(logits, k, noise)[::-1],
                "These are the right items in reverse: the first to arrive comes first.",
            ),
            Misconception(
                "the sign of the Gumbel noise",
                lambda logits, k, noise: np.argsort(-(logits + np.log(noise)))[:k],
                "An exponential becomes Gumbel noise by minus its logarithm. Look at that sign.",
            ),
            Misconception(
                "the last ones",
                lambda logits, k, noise: np.argsort(_times(logits, noise))[-k:],
                "These are the last K of the order of arrival.",
            ),
            Misconception(
                "sorted by number",
                lambda logits, k, noise: np.sort(_race(logits, k, noise)),
                "These are the right items, and the order of arrival is lost: the list is in order of item numbers.",
            ),
            Misconception(
                "places instead of items",
                lambda logits, k, noise: np.argsort(_race(logits, len(logits), noise))[:k],
                "This gives each item's place in the race. The question asks which item comes first, second, and "
                "so on.",
            ),
            Misconception(
                "no noise",
                lambda logits, k, noise: np.argsort(-logits)[:k],
                "This takes the largest logits: nothing is drawn. Where is the noise?",
            ),
            Misconception(
                "noise without weights",
                lambda logits, k, noise: np.argsort(noise)[:k],
                "This ignores the logits: every item has the same chance. What turns a standard exponential into one "
                "with rate w?",
            ),
            Misconception(
                "times instead of items",
                lambda logits, k, noise: np.sort(_times(logits, noise))[:k],
                "These are arrival times. The question asks for the items.",
            ),
            Misconception(
                "added exponential noise to the logits",
                lambda logits, k, noise: np.argsort(-(logits + noise))[:k],
                "Adding noise to the logits works with Gumbel noise, which is minus the log of an exponential. This "
                "noise is exponential.",
            ),
        ),
    ),
    Exercise(
        key="02.2",
        question="Write my_inclusion(logits, k): for each item, the exact probability that it is among the k "
        "candidates. Up to five items, so the integral and adding up all lists both work.",
        expected=_inclusion,
        call="my_inclusion(logits, k)",
        cases=_INCLUSION_CASES,
        returns="one number for each item",
        invariants=(
            sums_to(lambda logits, k: k, "The probabilities sum to K, here", "yours sum to"),
            between(0.0, 1.0, "A probability"),
        ),
        rtol=1e-4,  # an honest sum over a grid of the clock
        loose=2e-2,
        praise="That is right. capg.inclusion_probabilities does it for thousands of items.",
        misconceptions=(
            Misconception(
                "K times the softmax",
                lambda logits, k: k * softmax(logits),
                "This is K times the chance to be drawn first. It can exceed one: look at the heaviest item.",
            ),
            Misconception(
                "forgot the factor t",
                lambda logits, k: _over_the_clock(logits, k, (-20.0, 6.0, 2601), without_t=True),
                "You integrate over log t, and dt = t d(log t): the integrand needs the factor t.",
                _forgot_t,
            ),
            Misconception(
                "K / n for all",
                lambda logits, k: np.full(len(logits), k / len(logits)),
                "This gives every item the same chance. The logits are not all alike.",
            ),
            Misconception(
                "with replacement",
                lambda logits, k: 1 - (1 - softmax(logits)) ** k,
                "This is the chance to be seen in K draws that are put back. Do your probabilities add up to K?",
            ),
            Misconception(
                "the first draw only",
                lambda logits, k: softmax(logits),
                "This is the chance to arrive first. There are K places.",
            ),
            Misconception(
                "forgot the normaliser of what is left",
                _not_renormalised,
                "Each draw is a softmax over the items that are left, so its denominator shrinks. Yours does not.",
            ),
            Misconception(
                "one order of each set",
                lambda logits, k: _inclusion(logits, k, one_order=True),
                "You counted each set in one order only. The same candidates can come in any order.",
            ),
            Misconception(
                "averaged over the places",
                lambda logits, k: _inclusion(logits, k) / k,
                "These add up to one. How many candidates are there?",
            ),
            Misconception(
                "exactly K-th",
                lambda logits, k: _inclusion(logits, k) - _inclusion(logits, k - 1),
                "This is the chance to take the last place only. Being earlier is good enough: at most K − 1 others "
                "come before.",
            ),
            Misconception(
                "one place too few",
                lambda logits, k: _inclusion(logits, k - 1),
                "This is the answer for K − 1 places. How many others may come before an item that still gets in?",
            ),
            Misconception(
                "one place too many",
                lambda logits, k: _inclusion(logits, k + 1),
                "This is the answer for K + 1 places. How many others may come before an item that still gets in?",
            ),
            Misconception(
                "counted the item itself",
                lambda logits, k: _over_the_clock(logits, k, itself=True),
                "The count of those who came before must leave the item itself out: it arrives now.",
            ),
        ),
    ),
    Exercise(
        key="02.3",
        question="Logits 1000, 0, 0, 0 and −∞, and K = 2. What is the inclusion probability of the second item?",
        expected=lambda: float(capg.inclusion_probabilities([1000.0, 0.0, 0.0, 0.0, -np.inf], 2)[1]),
        rtol=5e-3,
        invariants=(between(0.0, 1.0, "A probability"),),
        nearby=lambda: "with logits 1000, 0 and −∞, and K = 2, the second item's is 1",
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
