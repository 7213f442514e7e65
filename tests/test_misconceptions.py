"""Wrong answers to the exercises, as their authors know them and as students write them, each with its own words."""

from itertools import combinations

import numpy as np
import pytest
from wrong_scores import drawn_only, softmax, wrong_score

import capg_core as capg
from capg_core.classroom import check
from capg_core.classroom.check import NOT_YET
from capg_core.classroom.exercises import EXERCISES

MISTAKES = [(key, mistake) for key, exercise in EXERCISES.items() for mistake in exercise.misconceptions]


@pytest.mark.parametrize(("key", "mistake"), MISTAKES, ids=[f"{key} {m.name}" for key, m in MISTAKES])
def test_each_wrong_answer_gets_its_own_hint(key, mistake):
    result = check(key, EXERCISES[key].answer(mistake.wrong))
    assert result.state == NOT_YET, result.text
    assert result.hint == mistake.hint, result.text
    assert "<details" in result._repr_html_()


def only_last(total, item, p):
    total = -p
    total[item] += 1
    return total


def without_exp(logits, candidates):
    total, left = np.zeros(len(logits)), np.ones(len(logits), bool)
    for item in candidates:
        total -= np.where(left, logits, 0) / logits[left].sum()
        total[item] += 1
        left[item] = False
    return total


def logit_zero(logits, candidates):
    total, left = np.zeros(len(logits)), logits.copy()
    for item in candidates:
        total -= softmax(left)
        total[item] += 1
        left[item] = 0
    return total


def without_dt(ends, points):
    def inclusion(logits, k):
        s = np.linspace(*ends, points)
        t, w = np.exp(s), np.exp(logits)
        arrived = 1 - np.exp(-w[:, None] * t)
        result = []
        for i in range(len(w)):
            p = np.zeros((k, len(s)))
            p[0] = 1
            for c in np.delete(arrived, i, axis=0):
                p = p * (1 - c) + np.vstack([np.zeros_like(c), p[:-1]]) * c
            result.append(np.trapezoid(w[i] * np.exp(-w[i] * t) * p.sum(axis=0), s))
        return np.array(result)

    return inclusion


def sizes(of_draw, too_early=False):
    def surprise_sizes(logits, candidates):
        left, found = logits.copy(), []
        for item in candidates:
            left[item] = -np.inf if too_early else left[item]
            found.append(of_draw(softmax(left), item))
            left[item] = -np.inf
        return np.array(found)

    return surprise_sizes


def one_order(logits, k, item):
    sets = np.array([s for s in combinations(range(len(logits)), k) if item in s])
    chance = np.exp(capg.list_log_prob(logits, sets))
    return chance @ capg.list_score(logits, sets) / chance.sum()


def tau_b(utility, reward):
    n, same, u_differ, r_differ = len(reward), 0, 0, 0
    for i in range(n):
        for j in range(i):
            a, b = np.sign(utility[i] - utility[j]), np.sign(reward[i] - reward[j])
            same, u_differ, r_differ = same + a * b, u_differ + abs(a), r_differ + abs(b)
    return same / np.sqrt(u_differ * r_differ)


def survivors_overwritten(logits, places):
    survivors = np.ones(logits.shape[1])
    for theta, count in zip(logits, places, strict=True):
        w, low, high = np.exp(theta), 0.0, 1e6
        for _ in range(200):
            tau = (low + high) / 2
            low, high = (tau, high) if np.sum(survivors * (1 - np.exp(-w * tau))) < count else (low, tau)
        survivors = np.exp(-w * low)
    return 1 - survivors


def paper(logits, k, join):
    w = np.exp(logits)
    result = []
    for a in range(len(w)):
        heads = np.cumsum(np.append(0, np.sort(np.delete(w, a))[::-1][: k - 1]))
        result.append(join(w[a] / (w.sum() - heads)))
    return np.array(result)


def list_log_prob_clipped(logits, candidates):
    z, total = np.clip(logits, -50, 50), 0.0
    left = np.ones(len(z), bool)
    for item in candidates:
        total += z[item] - np.logaddexp.reduce(z[left])
        left[item] = False
    return total


def average(items, estimates):
    return np.array([estimates[items == item].mean(axis=0) for item in items])


def swap(weight):
    def single_swap(logits, first, without):
        w, push = np.exp(logits), np.zeros(len(logits))
        left = np.array([np.delete(w, first[:d]).sum() for d in range(len(first))])
        push[first[-1]] = weight(left, w[first[-1]]) * (without[-2] - without[-1])
        return push

    return single_swap


def push_of(logits, first, critic, value):
    seen = critic[first]
    push = capg.swap_gradient(logits, first, [value(seen, i) for i in range(len(seen))])
    return push[first[np.argsort(seen)[-2]]]


# As a student writes them, not as the exercise's own wrong answers are written.
FROM_STUDENTS = [
    ("00.1", "= for +=", wrong_score(only_last), "`+=`, not `=`"),
    ("00.1", "forgot exp", without_exp, "exponentials"),
    ("00.1", "drawn coordinate", wrong_score(drawn_only), "all the others"),
    ("00.1", "logit set to 0", logit_zero, "weight of 1"),
    ("02.1", "one-based", lambda w, k, e: np.argsort(e / np.exp(w))[:k] + 1, "number 0"),
    ("02.1", "reversed", lambda w, k, e: np.argsort(e / np.exp(w))[:k][::-1], "in reverse"),
    ("02.1", "Gumbel's sign", lambda w, k, e: np.argsort(-(w + np.log(e)))[:k], "Look at that sign"),
    ("02.2", "forgot the factor t", without_dt((-20, 6), 2601), "the factor t"),
    ("02.2", "the same on another grid", without_dt((-12, 5), 800), "the factor t"),
    ("02.2", "k / n", lambda w, k: np.full(len(w), k / len(w)), "the same chance"),
    ("03.1", "removed too early", sizes(lambda p, a: 1 - p @ p, too_early=True), "Take it out afterwards"),
    ("03.1", "1 - p_a", sizes(lambda p, a: 1 - p[a]), "one coordinate"),
    ("03.1", "cumulative", lambda w, c: np.cumsum(sizes(lambda p, a: 1 - p @ p)(w, c)), "running sums"),
    ("03.3", "clipped", list_log_prob_clipped, "clipped"),
    ("04.1", "sorted", lambda i, e: average(i, e)[np.argsort(i, kind="stable")], "another order"),
    ("04.2", "one order a set", one_order, "one order only"),
    ("05.1", "score @ rho", lambda w, k, u: capg.inclusion_score(w, np.arange(len(w)), k)
     @ capg.outcome_probabilities(w, k, u), "the columns"),
    ("06.1", "K softmax", lambda w, k: k * softmax(w), "K times"),
    ("06.1", "sum for product", lambda w, k: paper(w, k, np.sum), "You add up"),
    ("07.1", "never moved", lambda t, g, s, r: (t, s + g**2), "theta is where it was"),
    ("07.1", "sign(g)", lambda t, g, s, r: (t + r * np.sign(g), s + g**2), "by the rate itself"),
    ("07.1", "one norm", lambda t, g, s, r: (t + r * g / np.linalg.norm(np.sqrt(s + g**2)), s + g**2), "one length"),
    ("07.2", "standardised", lambda r: (r - r.mean()) / (r.std() or 1), "standard deviation"),
    ("08.1", "tau-b", tau_b, "tau-b"),
    ("09.1", "round(k/M)", lambda k, m: [round(k / m)] * m, "only by luck"),
    ("09.1", "the rest to the last", lambda k, m: [k // m] * (m - 1) + [k // m + k % m], "the last expert"),
    ("09.2", "survivors overwritten", survivors_overwritten, "multiply"),
    ("11.1", "of the candidates", lambda a, b, s, k, u: capg.inclusion_probabilities(b, k)[s]
     / capg.inclusion_probabilities(a, k)[s], "*candidate*"),
    ("11.1", "upside down", lambda a, b, s, k, u: np.exp(np.log(capg.outcome_probabilities(a, k, u)[s])
     - np.log(capg.outcome_probabilities(b, k, u)[s])), "upside down"),
    ("11.2", "an interval's share", (3.4916, 2.864), "the root of the variance"),
    ("11.3", "unique ids only", lambda i, c: [list(i).count(x) > 1 or p <= 0 for x, p in zip(i, c, strict=True)],
     "The first of two"),
    ("10.1", "minus what came before", swap(lambda left, w: left[-2] * np.sum(1 / left[:-1])), "one more is gone"),
    ("10.1", "np.cumsum of the rest", swap(lambda left, w: left[-1] * np.sum(1 / left)), "K + 1 terms"),
    ("10.1", "own weight", swap(lambda left, w: w * np.sum(1 / left[:-1])), "all that are left"),
    ("10.1", "K for the sum", swap(lambda left, w: len(left) - 1), "put back"),
    ("10.1", "no weights at all", swap(lambda left, w: 1.0), "difference of the rewards alone"),
    ("10.2", "the others' mean", lambda w, f, c: push_of(w, f, c, lambda x, i: np.delete(x, i).mean()), "at random"),
    ("10.2", "own reward", lambda w, f, c: push_of(w, f, c, lambda x, i: x[i]), "what the others earn"),
    ("10.2", "not an item", lambda w, f, c: capg.swap_gradient(w, f, [np.delete(c[f], i).max() for i in range(len(f))])
     [np.argsort(c[f])[-2]], "which item"),
    ("10.3", "list always", ("list", "list", "list"), "drowns"),
    ("01.3", "another quality", EXERCISES["01.3"].misconceptions[1].wrong(), "quality 0.3"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("key", "name", "answer", "words"), FROM_STUDENTS, ids=[f"{k} {n}" for k, n, *_ in FROM_STUDENTS]
)
def test_what_students_write_is_recognised(key, name, answer, words):
    result = check(key, answer)
    assert result.state == NOT_YET, result.text
    assert words in result.hint, result.text


@pytest.mark.parametrize(
    ("key", "answer"),
    [
        ("00.2", 20.0),
        ("00.2", 28.5),
        ("00.2", 5.5),
        ("01.3", EXERCISES["01.3"].misconceptions[2].wrong()),
        ("03.2", 270.9),
        ("03.2", 268.0),
        ("05.3", 0.12),
        ("07.1", lambda t, g, s, r: (t, s + g**2)),
        ("07.1", lambda t, g, s, r: (t + r * np.sign(g), s + g**2)),
        ("07.3", 5.0),
        ("06.3", 22.8),
    ],
)
def test_a_wrong_idea_is_never_almost(key, answer):
    assert check(key, answer).state == NOT_YET
