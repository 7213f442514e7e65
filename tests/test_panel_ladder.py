"""The panel of notebook 04 without a browser: numbers against independent ones."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from panels import fresh

import capg_core as capg
from capg_core.classroom.lessons.n04_credit_assignment.numbers import RUNGS, rung_at, set_scores
from capg_core.classroom.problem import SYNTHETIC, load_problem, orders, project
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
    # V-PG on 400 and on 3000 lists; the standard errors are below 1 per cent, with a baseline below 8.
    d = capg.gradient_diagnostics(*where, "V-PG", baseline=level, n_samples=3000, rng=np.random.default_rng(5))
    assert rung_at("V-PG", k, baseline, 0).variance == pytest.approx(d.variance, rel=0.3 if baseline else 0.05)


def test_no_unbiased_rung_is_noisier_than_the_one_above():
    for k in (1, 2, 20, 80, 99):
        for baseline in (False, True):
            vanilla, sets, outcome = (rung_at(r, k, baseline, 0).variance for r in RUNGS[:3])
            assert vanilla >= sets * (1 - 1e-9) and sets >= outcome


def test_what_the_notebook_says_can_be_seen(panel):
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


def test_an_outcome_is_one_point_and_near_the_average_of_its_lists(panel):
    panel.rung.value = "Outcome-PG"
    numbers = panel.numbers
    here, above = (numbers.rungs[r].samples[numbers.chosen] for r in ("Outcome-PG", "Set-PG"))
    assert np.ptp(here, axis=0).max() == 0
    # In the two coordinates drawn; four standard errors in each is 1e-4.
    points = np.array(project(above, numbers.gradient))
    wanted = np.array(project(here[0], numbers.gradient))
    error = np.abs(points.mean(axis=1) - wanted) / (points.std(axis=1, ddof=1) / np.sqrt(points.shape[1]))
    assert error.max() < 4
    assert f"comes from {numbers.chosen.sum()} of the 300 lists" in panel.text


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


def test_axes_are_fixed_while_k_moves_and_zoom_narrows_them(panel):
    panel.rung.value, panel.baseline.value = "CA-PG", True
    panel.k.value = 5
    wide = panel._cloud.get_xlim()
    panel.k.value = 50
    assert panel._cloud.get_xlim() == wide
    panel.zoom.value = True
    assert panel._cloud.get_xlim()[1] < wide[1]


@pytest.mark.parametrize("rung", RUNGS)
def test_fitting_the_axes_has_an_effect_on_every_rung_at_the_opening(panel, rung):
    panel.rung.value = rung
    wide = panel._cloud.get_xlim()
    panel.zoom.value = True
    assert panel._cloud.get_xlim()[1] < wide[1]


def test_colours_come_from_the_style(panel):
    for (_, rung), point in panel._points.items():
        assert to_hex(point.get_color()) == look_of(rung).colour and point.get_marker() == look_of(rung).marker
