"""The panel on cheap marginals without a browser: its measurement, its numbers against enumeration and the core."""

import itertools

import numpy as np
import pytest

import capg_core as capg
from capg_core.classroom import MarginalsPanel
from capg_core.classroom.lessons.n06_cheap_marginals import numbers as marginals_numbers
from capg_core.classroom.lessons.n06_cheap_marginals import panel as marginals_panel
from capg_core.classroom.lessons.n06_cheap_marginals.numbers import (
    CHEAP,
    METHODS,
    OUTCOME_BASELINE,
    OUTCOME_PLAIN,
    Setting,
    numbers_at,
)
from capg_core.classroom.problem import cosine
from capg_core.classroom.words import percent
from capg_core.look import LOOKS, PETROFF


@pytest.fixture
def panel():
    return MarginalsPanel(n=50, k=10)


def quick_costs(k):
    return {m: [(100, 1e-4), (1000, 1e-3)] for m in METHODS}


def test_measuring_draws_the_cost_and_says_it(panel, monkeypatch):
    monkeypatch.setattr(marginals_numbers, "measure_costs", quick_costs)
    png, text = panel.png, panel.text
    panel.measure.click()
    assert panel.error == "" and panel.png != png
    cost = panel.text.partition("Cost, measured here at K = 10: ")[2].partition(". ")[0]
    assert cost.startswith("exact 1 ms for 1,000 items, Rosén's clock 1 ms for 1,000 items, ")
    assert panel.text.replace(f"Cost, measured here at K = 10: {cost}. ", "") == text
    assert not panel.measure.disabled
    assert panel._cost_note.get_text().startswith("here, K = 10")


def test_a_measurement_that_fails_shows_and_frees_the_button(panel, monkeypatch):
    def fail(k):
        raise MemoryError("too large")

    monkeypatch.setattr(marginals_numbers, "measure_costs", fail)
    panel.measure.click()
    assert "too large" in panel.message.value and not panel.measure.disabled


def test_costs_are_measured_within_the_limits():
    costs = marginals_numbers.measure_costs(200, (300, 1000, 30_000))
    assert set(costs) == set(METHODS)
    assert [n for n, _ in costs["exact"]] == [1000]  # 300 is less than 2 K, 30,000 more than the exact way is timed
    assert [n for n, _ in costs["asymptotic"]] == [1000, 30_000]
    assert all(seconds > 0 for found in costs.values() for _, seconds in found)


def test_numbers_agree_with_enumeration(monkeypatch):
    logits = np.array([0.5, -0.2, 1.0, 0.0, -1.0])
    monkeypatch.setattr(marginals_numbers, "problem", lambda *where: (logits, np.linspace(0.0, 1.0, 5)))
    pi = np.zeros(5)
    for order in itertools.permutations(range(5), 2):
        pi[list(order)] += np.exp(capg.list_log_prob(logits, order))
    found = marginals_numbers.inclusion.__wrapped__(5, 2, 1.0)
    order = np.argsort(-logits)
    np.testing.assert_allclose(found["exact"], pi[order], atol=1e-12)
    w = np.exp(logits)
    np.testing.assert_allclose(found["with_replacement"], 2 * (w / w.sum())[order], atol=1e-12)
    heaviest_other = np.where(np.arange(5) == order[0], w[order[1]], w[order[0]])
    formula = 1 - (1 - w / w.sum()) * (1 - w / (w.sum() - heaviest_other))
    np.testing.assert_allclose(found["paper"], formula[order], atol=1e-12)


@pytest.mark.parametrize("k", [1, 10, 30])
def test_directions_agree_with_the_core(k):
    logits, reward = marginals_numbers.problem(50, 1.0)
    found = marginals_numbers.directions(50, k, 1.0)
    exact = capg.expected_estimate(logits, k, reward, "CA-PG")
    truth, value = capg.policy_gradient(logits, k, reward), capg.policy_value(logits, k, reward)
    means = {m: capg.expected_estimate(logits, k, reward, "CA-PG", marginal=m) for m in ("asymptotic", "paper")}
    means["with_replacement"] = capg.expected_estimate(logits, k, reward, "CA-PG-SwR")
    for method, mean in means.items():
        assert found[method] == pytest.approx(np.degrees(np.arccos(cosine(mean, exact))), abs=0.1)
    for name, b in ((OUTCOME_PLAIN, 0.0), (OUTCOME_BASELINE, value)):
        mean = capg.expected_estimate(logits, k, reward, "Outcome-PG", marginal="asymptotic", baseline=b)
        assert found[name] == pytest.approx(np.degrees(np.arccos(cosine(mean, truth))), abs=0.1)


def test_sentence_says_the_numbers(panel):
    numbers = panel.numbers
    assert panel.text.startswith("n = 50, K = 10: the worst relative error of π is ")
    for method in CHEAP:
        assert percent(numbers.worst[method]) in panel.text
        assert f"{numbers.sums[method]:.2f}" in panel.text and f"{numbers.directions[method]:.1f}°" in panel.text
    assert numbers.sums["exact"] == pytest.approx(10, abs=1e-9)
    assert numbers.sums["asymptotic"] == pytest.approx(10, abs=1e-9)
    assert numbers.sums["paper"] > 10.5
    assert "more than a probability can be" not in panel.text
    panel.k.value = 40
    assert "more than a probability can be" in panel.text


def test_paper_is_never_too_small_and_swr_is_too_large_for_the_heavy():
    for k in (2, 10, 30):
        errors = numbers_at(Setting(n=50, k=k, peakedness=1.0, seed=0, costs=0)).errors
        assert np.all(errors["paper"] > -1e-12)
        assert errors["with_replacement"][0] > 0 > errors["with_replacement"][-1]
        assert np.abs(errors["asymptotic"]).max() < 0.03


def test_slider_end_follows_n_and_directions_stop(panel):
    panel.k.value = 40
    panel.n.value = 20
    assert panel.k.max == 19 and panel.k.value == 19 and panel.error == ""
    panel.n.value = 500
    assert panel.k.max == 100 and "Directions are shown up to n = 200." in panel.text
    panel.n.value = 100
    assert "Angle between CA-PG's mean" in panel.text


def test_the_best_of_several_calls_counts_and_never_the_first(monkeypatch):
    calls = []

    def slow_first(logits, k, method):
        calls.append(method)

    steps = iter([0.0, 0.3, 1.0, 1.2, 2.0, 2.9])  # calls of 0.3, 0.2 and 0.9 seconds
    monkeypatch.setattr(marginals_numbers.capg, "inclusion_probabilities", slow_first)
    monkeypatch.setattr(marginals_numbers.time, "perf_counter", lambda: next(steps))
    assert marginals_numbers._seconds(np.zeros(3), 1, "exact") == pytest.approx(0.2)
    assert len(calls) == 4  # the first one is not timed


def test_colours():
    looks = marginals_panel.LOOKS
    others = {look.colour for name, look in LOOKS.items() if name not in ("CA-PG-SwR", "Outcome-PG")}
    assert looks["with_replacement"].colour == LOOKS["CA-PG-SwR"].colour
    assert looks[OUTCOME_PLAIN].colour == LOOKS["Outcome-PG"].colour
    assert not {look.colour for look in looks.values()} & {*others, PETROFF["orange"]}  # orange is the true gradient
    assert len({looks[m].colour for m in METHODS}) == len({looks[m].line + looks[m].marker for m in METHODS}) == 4
