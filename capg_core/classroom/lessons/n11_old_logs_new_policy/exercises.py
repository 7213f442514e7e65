"""The exercises of 11_old_logs_new_policy."""

import numpy as np

import capg_core as capg
from capg_core.classroom.exercise import Exercise, Misconception, between, written
from capg_core.classroom.plain import softmax

# Old and new logits, the items shown, K, and what the late stage ranks by.
_CASES = (
    (np.array([0.0, 0.5, -0.5]), np.array([1.0, 0.0, -0.5]), np.array([0, 1]), 2, np.array([3.0, 2.0, 1.0])),
    (
        np.array([0.3, -1.0, 0.8, 0.0]),
        np.array([0.0, 0.5, 1.5, -0.4]),
        np.array([2, 1, 1, 3, 1]),
        2,
        np.array([0.2, 0.9, 0.4, 0.7]),
    ),
    (
        np.array([1.0, 0.2, -0.4, 0.0, 0.6]),
        np.array([0.0, 0.9, 0.4, -1.0, 0.1]),
        np.array([4, 3, 4, 0]),
        3,
        np.array([5.0, 1.0, 2.0, 3.0, 4.0]),
    ),
)


def _ratio(chance):
    """Return the function that divides the new chances of the items shown by the old ones."""

    def weights(old, new, shown, k, utility):
        return chance(new, k, utility)[shown] / chance(old, k, utility)[shown]

    return weights


_outcome = _ratio(capg.outcome_probabilities)
_inclusion = _ratio(lambda logits, k, utility: capg.inclusion_probabilities(logits, k))


def _plain(old, new, shown, k, utility):
    return np.exp(new - old)[shown]


def _mean_one(old, new, shown, k, utility):
    """Scale the weights, as self-normalised estimates do afterwards."""
    found = _outcome(old, new, shown, k, utility)
    return found / found.mean()


def _averages_one(result, old, new, shown, k, utility):
    """Say so where the old policy's mean of the weights, over items that all occur in the log, is not 1."""
    rho = capg.outcome_probabilities(old, k, utility)
    if np.shape(result) != shown.shape or set(np.flatnonzero(rho)) - set(shown.tolist()):
        return ""
    first = [int(np.flatnonzero(shown == item)[0]) for item in np.flatnonzero(rho)]
    mean = float(rho[rho > 0] @ result[first])
    if abs(mean - 1.0) < 1e-3:
        return ""
    return f"Averaged by the old policy's chances, the weights give 1; yours give {written(mean)}."


# The weights of ten records, for the second exercise.
TEN = np.array([0.1, 0.2, 0.0, 0.5, 0.1, 4.0, 0.3, 0.0, 1.8, 3.0])


def _size(w):
    return w.sum() ** 2 / (w @ w)


# Ids, and the old policy's chances of the items shown.
_LOGS = (
    (np.array([7, 8, 7]), np.array([0.2, 0.1, 0.2])),
    (np.array([1, 2, 3, 4]), np.array([0.3, 0.0, 0.004, 0.3])),
    (np.array([5, 6, 5, 9, 5, 6]), np.array([0.5, 0.0, 0.5, 0.002, 0.5, 0.0])),
    (np.array([4, 3, 2, 1]), np.array([0.1, 0.1, 0.2, 1.0])),
)


def _later_copies(ids):
    seen, found = set(), []
    for number in ids.tolist():
        found.append(number in seen)
        seen.add(number)
    return np.array(found)


def _faulty(ids, chance):
    return _later_copies(ids) | ~(chance > 0.0)


def _all_copies(ids, chance):
    values, counts = np.unique(ids, return_counts=True)
    return np.isin(ids, values[counts > 1]) | ~(chance > 0.0)


EXERCISES = (
    Exercise(
        key="11.1",
        question="Write weights(old, new, shown, k, utility): what each record counts, from the two policies' logits, "
        "the items shown, K and what the late stage ranks by. capg.outcome_probabilities(logits, k, utility) helps.",
        expected=_outcome,
        call="weights(old, new, shown, k, utility)",
        cases=_CASES,
        returns="one number for each record",
        invariants=(_averages_one, between(0.0, np.inf, "A weight")),
        praise="That is the weight of the outcome. capg.off_policy_value keeps it as .importance.",
        misconceptions=(
            Misconception(
                "upside down",
                lambda old, new, shown, k, utility: _outcome(new, old, shown, k, utility),
                "The ratio is upside down. A record counts more the likelier it is under the *new* policy.",
            ),
            Misconception(
                "the inclusion ratio",
                _inclusion,
                "This is the ratio of the chances to be a *candidate*. The record says that the item was *shown*: "
                "that needs the late stage too.",
            ),
            Misconception(
                "the softmax ratio",
                _ratio(lambda logits, k, utility: softmax(logits)),
                "This is the ratio of the chances to be drawn first, as if K were 1.",
            ),
            Misconception(
                "exp of the difference of the logits",
                _plain,
                "This is the ratio of the item's own weights in the softmax. A chance also depends on all the others.",
            ),
            Misconception(
                "the difference of the logs",
                lambda old, new, shown, k, utility: np.log(_outcome(old, new, shown, k, utility)),
                "This is the log of the ratio. A record is multiplied by the ratio itself: take the exponential.",
            ),
            Misconception(
                "one over the old chance",
                lambda old, new, shown, k, utility: 1.0 / capg.outcome_probabilities(old, k, utility)[shown],
                "One over the old chance makes the log as if every item were shown equally often. The new policy "
                "does not show them equally often either: multiply by its chance.",
            ),
            Misconception(
                "scaled to a mean of one",
                _mean_one,
                "These are divided by their own mean. That is what a self-normalised estimate does later; the weight "
                "itself is not scaled.",
            ),
            Misconception(
                "of all items, not of those shown",
                lambda old, new, shown, k, utility: (
                    capg.outcome_probabilities(new, k, utility)
                    / np.maximum(capg.outcome_probabilities(old, k, utility), 1e-300)
                ),
                "One number for each item comes out, and one for each record is asked: look up what each shows.",
            ),
        ),
    ),
    Exercise(
        key="11.2",
        question="Ten records have the weights of the list TEN. How many count (the effective sample size), and how "
        "many times wider is the interval than with ten equal weights? Hand in both numbers.",
        expected=lambda: np.array([_size(TEN), np.sqrt(len(TEN) / _size(TEN))]),
        returns="two numbers, the effective sample size and the factor",
        nearby=lambda: (
            f"of the weights 2, 1, 1, 0 count {_size(np.array([2.0, 1.0, 1.0, 0.0])):.3f}, and the interval is "
            f"{np.sqrt(4 / _size(np.array([2.0, 1.0, 1.0, 0.0]))):.3f} times wider"
        ),
        praise="That is right. Three records do most of the work, and the interval is 1.7 times as wide.",
        misconceptions=(
            Misconception(
                "the weights above zero",
                lambda: np.array([np.sum(TEN > 0), np.sqrt(len(TEN) / np.sum(TEN > 0))]),
                "This counts the records whose weight is not zero. A weight of 0.1 beside one of 4 hardly counts: "
                "square the sum, and divide by the sum of the squares.",
            ),
            Misconception(
                "the sum of the weights",
                lambda: np.array([TEN.sum(), np.sqrt(len(TEN) / TEN.sum())]),
                "This is the sum of the weights, which is ten on average whatever the policies are. How *unequal* "
                "they are is what counts.",
            ),
            Misconception(
                "the factor without a root",
                lambda: np.array([_size(TEN), len(TEN) / _size(TEN)]),
                "The first is right. The variance grows by the ratio of the two sizes, and an interval is as wide as "
                "the root of the variance.",
            ),
            Misconception(
                "the factor upside down",
                lambda: np.array([_size(TEN), np.sqrt(_size(TEN) / len(TEN))]),
                "The first is right. With fewer records that count the interval is wider, not narrower.",
            ),
            Misconception(
                "the mean in place of the sum",
                lambda: np.array([_size(TEN) / len(TEN), np.sqrt(len(TEN) ** 2 / _size(TEN))]),
                "The mean of the weights, squared, over the mean of the squares is a *share* of the records. Multiply "
                "by ten.",
            ),
            Misconception(
                "one over the largest share",
                lambda: np.array([TEN.sum() / TEN.max(), np.sqrt(len(TEN) * TEN.max() / TEN.sum())]),
                "This looks at the largest weight alone. The others are unequal too: use all the squares.",
            ),
        ),
    ),
    Exercise(
        key="11.3",
        question="Write faulty(ids, chance): True for each record that may not be used, from the records' ids and "
        "the old policy's chances of the items shown.",
        expected=_faulty,
        call="faulty(ids, chance)",
        cases=_LOGS,
        returns="True or False for each record",
        praise="That is right: a copy counts once, and what cannot have happened points to a wrong logit or ranking. "
        "Ask where it comes from before you drop it.",
        misconceptions=(
            Misconception(
                "every copy, the first one too",
                _all_copies,
                "The first of two equal records did happen. Only what comes again has to go.",
            ),
            Misconception(
                "the copies only",
                lambda ids, chance: _later_copies(ids),
                "A record with chance zero is still in: its weight divides by zero.",
            ),
            Misconception(
                "the zero chances only",
                lambda ids, chance: ~(chance > 0.0),
                "A record that was written twice is still in, and would count twice.",
            ),
            Misconception(
                "small chances too",
                lambda ids, chance: _later_copies(ids) | (chance < 0.01),
                "A rare item is no fault. Its large weight stands for all the records that are missing of it; "
                "without it the value is biased.",
            ),
            Misconception(
                "equal chances taken for copies",
                lambda ids, chance: _later_copies(chance) | ~(chance > 0.0),
                "Two records of the same item have the same chance and are two records. A copy has the same *id*.",
            ),
            Misconception(
                "the good ones",
                lambda ids, chance: ~_faulty(ids, chance),
                "This marks the records that are good. The faulty ones are asked.",
            ),
        ),
    ),
)
