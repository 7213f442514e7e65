"""The panel of notebook 04 without a browser: numbers against independent ones."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from panels import fresh

import capg_core as capg
from capg_core.classroom.lessons.n04_credit_assignment.numbers import RUNGS, rewards_of, rung_at, set_scores
from capg_core.classroom.problem import CLICKS, REWARDS, SYNTHETIC, load_problem, orders, project
from capg_core.classroom.words import show
from capg_core.look import look_of


@pytest.fixture
def panel():
    return fresh("LadderPanel")


@pytest.mark.parametrize("k", [1, 2, 20, 60, 99])
def test_set_scores_are_those_of_the_core(k):
    logits = load_problem(SYNTHETIC).logits
    candidates = orders(SYNTHETIC, 1.0, 0)[:8, :k]
    assert set_scores(logits, candidates) == pytest.approx(capg.set_score(logits, candidates), abs=1e-9)


@pytest.mark.parametrize("baseline", [False, True])
@pytest.mark.parametrize("k", [5, 50])
def test_rungs_agree_with_the_core(k, baseline):
    problem = load_problem(SYNTHETIC)
    where = (problem.logits, k, problem.mean_reward)
    level = capg.policy_value(*where) if baseline else 0.0
    truth = capg.policy_gradient(*where)
    for name in ("Outcome-PG", "CA-PG", "CA-PG-SwR"):
        rung = rung_at(name, k, baseline, 0)
        mean = capg.expected_estimate(*where, name, baseline=level)
        assert rung.variance == pytest.approx(capg.exact_variance(*where, name, baseline=level), rel=2e-3)
        assert np.linalg.norm(rung.mean - mean) < 2e-3 * np.linalg.norm(mean)
        cosine = mean @ truth / np.linalg.norm(mean) / np.linalg.norm(truth)
        assert rung.angle == pytest.approx(0.0 if name == "Outcome-PG" else np.degrees(np.arccos(cosine)), abs=0.3)
    # V-PG on 300 and on 3000 lists; the standard errors are below 1 per cent, with a baseline below 8.
    d = capg.gradient_diagnostics(*where, "V-PG", baseline=level, n_samples=3000, rng=np.random.default_rng(5))
    assert rung_at("V-PG", k, baseline, 0).variance == pytest.approx(d.variance, rel=0.3 if baseline else 0.05)


def test_no_unbiased_rung_is_noisier_than_the_one_above():
    for k in (1, 2, 20, 80, 99):
        for baseline in (False, True):
            vanilla, sets, outcome = (rung_at(r, k, baseline, 0).variance for r in RUNGS[:3])
            assert vanilla >= sets * (1 - 1e-9) and sets >= outcome


def test_what_the_notebook_says_can_be_seen(panel):
    panel.rung.value = RUNGS[-1]

    def rung(name):
        return panel.numbers.rungs[name]

    assert 0.95 < rung("Set-PG").variance / rung("V-PG").variance < 0.99  # a few per cent at K = 20
    assert rung("CA-PG-SwR").variance > rung("CA-PG").variance
    panel.k.value = 80
    assert rung("Set-PG").variance < 0.6 * rung("V-PG").variance
    panel.baseline.value = True
    assert rung("CA-PG").snr > rung("Outcome-PG").snr
    panel.k.value = 20
    assert rung("CA-PG").snr == pytest.approx(rung("Outcome-PG").snr, rel=0.05) and rung("CA-PG").angle > 30
    for k in (5, 50):
        panel.k.value = k
        assert rung("Outcome-PG").snr > rung("CA-PG").snr


@pytest.mark.parametrize("rewards", REWARDS)
def test_an_outcome_is_one_point_and_near_the_average_of_its_lists(panel, rewards):
    panel.rung.value, panel.rewards.value = "Outcome-PG", rewards
    numbers = panel.numbers
    here, above = (numbers.rungs[r].samples[numbers.chosen] for r in ("Outcome-PG", "Set-PG"))
    assert np.ptp(here, axis=0).max() == 0
    # In the two coordinates drawn; four standard errors in each is 1e-4.
    points = np.array(project(above, numbers.gradient))
    wanted = np.array(project(here[0], numbers.gradient))
    error = np.abs(points.mean(axis=1) - wanted) / (points.std(axis=1, ddof=1) / np.sqrt(points.shape[1]))
    assert error.max() < 4
    assert f"from {numbers.chosen.sum()} of the 300 lists, ringed: on this rung they are one point" in panel.text


@pytest.mark.parametrize("baseline", [None, "mean"])
@pytest.mark.parametrize("k", [2, 20])
def test_clicks_have_the_variance_of_noise_with_their_spread(k, baseline):
    problem = load_problem(SYNTHETIC)
    where, q = (problem.logits, k, problem.mean_reward), problem.mean_reward
    for name, within in (("V-PG", 0.1 if baseline is None else 0.3), ("Outcome-PG", 0.05), ("CA-PG", 0.05)):
        found = rung_at(name, k, baseline is not None, 0, CLICKS)
        more = {"baseline": baseline, "n_samples": 4000, "rng": np.random.default_rng(3)}
        d = capg.gradient_diagnostics(*where, name, reward_std=np.sqrt(q * (1 - q)), **more)
        assert found.variance == pytest.approx(d.variance, rel=max(within, 0.1 if baseline else 0))
        assert found.variance > rung_at(name, k, baseline is not None, 0).variance
    outputs, clicks = rewards_of(k, CLICKS, 0)
    assert set(clicks) == {0.0, 1.0}
    assert abs(np.mean(clicks - q[outputs])) < 4 * np.sqrt(np.mean(q[outputs] * (1 - q[outputs])) / len(clicks))


# The flight.


def test_a_rung_is_reached_at_once_and_the_way_follows(panel):
    panel.rung.value = "CA-PG"
    assert panel.way.value == 30 and panel.numbers.flown == 1.0 and panel.text.startswith("Rung 4 of 5, CA-PG")
    panel.way.value = 11
    assert panel.rung.value == "Outcome-PG" and panel.text.startswith("10 % of the way from Set-PG to Outcome-PG")
    panel.way.value = 10
    assert panel.rung.value == "Set-PG" and panel.text.startswith("Rung 2 of 5, Set-PG")
    assert panel.play.max == panel.way.max == 40 and panel._link.target == (panel.way, "value")


def test_dots_go_straight_and_end_where_the_rung_has_them(panel):
    def dots():
        return np.array(panel._here.get_data())

    panel.rung.value = "Set-PG"
    start, seen = dots(), []
    for way in range(11, 20):
        panel.way.value = way
        seen.append(dots())
    panel.way.value = 20
    end = dots()
    assert end == pytest.approx(np.array(project(panel.numbers.rungs["Outcome-PG"].samples, panel.numbers.gradient)))
    left = [np.abs(end - at).sum() for at in (start, *seen)]
    assert np.all(np.diff(left) < 0)
    parts = [(at - start)[0, 0] / (end - start)[0, 0] for at in seen]
    for at, part in zip(seen, parts, strict=True):
        assert at == pytest.approx(start + part * (end - start), abs=1e-12)


def test_a_bar_on_its_way_is_the_variance_of_what_is_there(panel):
    """An estimate part of the way to its conditional mean: its variance by the law of total variance, and measured."""
    rungs = {r: rung_at(r, 20, False, 0) for r in ("Set-PG", "Outcome-PG")}
    panel.way.value = 15
    assert panel.numbers.flown == 0.5
    halfway = (rungs["Set-PG"].samples + rungs["Outcome-PG"].samples) / 2
    widest = rung_at("V-PG", 20, False, 0).variance
    found = panel._bars["Outcome-PG"].get_width() * widest
    assert found == pytest.approx(np.sum(np.var(halfway, axis=0)), rel=0.1)
    assert rungs["Outcome-PG"].variance < found < rungs["Set-PG"].variance


def test_the_opening_says_nothing_of_the_rungs_below(panel):
    assert [rung for rung, bar in panel._bars.items() if bar.get_visible()] == ["V-PG"]
    assert not any(f"{rung}" in panel.text for rung in RUNGS[1:])
    panel.rung.value = "Outcome-PG"
    assert [rung for rung, bar in panel._bars.items() if bar.get_visible()] == list(RUNGS[:3])
    widths = [panel._bars[rung].get_width() for rung in RUNGS[:3]]
    assert widths[0] == 1.0 and widths[2] == pytest.approx(1 / 20, rel=0.05)


def test_the_sentence_has_the_numbers(panel):
    assert panel.text.startswith("Rung 1 of 5, V-PG: the ordered list. K = 20, no baseline.")
    panel.rung.value = "CA-PG"
    here, above = rung_at("CA-PG", 20, False, 0), rung_at("Outcome-PG", 20, False, 0)
    ratio = above.variance / here.variance
    assert f"Variance {show(here.variance)}, {ratio:.3g} times less than Outcome-PG above it" in panel.text
    assert f"signal-to-noise {show(here.snr)} (above {show(above.snr)})" in panel.text
    assert f"its mean is {here.angle:.1f}° off the true gradient" in panel.text
    panel.k.value = 1
    assert "the same as Outcome-PG" in panel.text and "every rung is V-PG" in panel.text


def test_one_window_for_all_rungs_holds_nearly_all_dots(panel):
    for baseline in (False, True):
        panel.baseline.value = baseline
        for k in (2, 20, 80):
            panel.k.value = k
            seen = set()
            for rung in RUNGS:
                panel.rung.value = rung
                seen.add(panel._cloud.get_xlim())
                inside = np.abs(np.array(panel._here.get_data())) <= panel.numbers.window
                assert np.mean(np.all(inside, axis=0)) > 0.95, (baseline, k, rung)
            assert len(seen) == 1


def test_colours_come_from_the_style(panel):
    for rung, bar in panel._bars.items():
        assert to_hex(bar.get_facecolor()) == look_of(rung).colour
        panel.rung.value = rung
        assert panel._here.get_color() == look_of(rung).colour and panel._here.get_marker() == look_of(rung).marker
