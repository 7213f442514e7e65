"""The panel of notebook 04 without a browser: controls, numbers against independent ones, messages."""

import base64
import doctest
import io

import numpy as np
import pytest
from matplotlib.colors import to_hex
from PIL import Image

import capg_core as capg
from capg_core.classroom import LadderPanel
from capg_core.classroom.lessons.n00_start_here.numbers import SYNTHETIC, load_problem, orders
from capg_core.classroom.lessons.n00_start_here.panel import show
from capg_core.classroom.lessons.n04_credit_assignment import numbers as numbers_of
from capg_core.classroom.lessons.n04_credit_assignment import panel as ladder_panel
from capg_core.classroom.lessons.n04_credit_assignment.numbers import RUNGS, Setting, rung_at, set_scores
from capg_core.look import look_of


@pytest.fixture(scope="module")
def panel():
    return LadderPanel(k=20)


@pytest.fixture(autouse=True)
def restore(request):
    yield
    if "panel" in request.fixturenames:
        panel = request.getfixturevalue("panel")
        panel.rung.value, panel.baseline.value, panel.zoom.value, panel._seed = "V-PG", False, False, 0
        panel.k.value = 1
        panel.k.value = 20


def test_every_control_changes_picture_and_sentence(panel):
    pictures, texts = {panel.png}, {panel.text}
    changes = [("rung", rung) for rung in RUNGS[1:]] + [("k", 50), ("baseline", True)]
    for n, (control, value) in enumerate(changes, 2):
        getattr(panel, control).value = value
        pictures.add(panel.png)
        texts.add(panel.text)
        assert panel.error == ""
        assert len(pictures) == len(texts) == n, (control, value)
    panel.zoom.value = True
    assert panel.png not in pictures
    pictures.add(panel.png)
    panel.new_noise.click()
    assert panel.png not in pictures and panel.error == ""


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
    here, above = (numbers.rungs[r].dots[numbers.chosen] for r in ("Outcome-PG", "Set-PG"))
    assert np.ptp(here, axis=0).max() == 0
    # In the two coordinates drawn; four standard errors in each is 1e-4.
    points = np.array(numbers_of.project(above, numbers.gradient))
    wanted = np.array(numbers_of.project(here[0], numbers.gradient))
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


def test_coming_back_gives_the_same_picture(panel):
    text, png = panel.text, panel.png
    panel.rung.value, panel.k.value, panel.zoom.value = "CA-PG", 50, True
    panel.new_noise.click()
    assert panel.png != png
    panel._seed = 0
    panel.zoom.value, panel.rung.value, panel.k.value = False, "V-PG", 20
    assert (panel.text, panel.png) == (text, png)
    fresh = LadderPanel(k=20)
    assert (fresh.text, fresh.png) == (text, png)


@pytest.mark.parametrize("k", [1, 99])
def test_extremes_show_no_error_and_no_nan(panel, k):
    for baseline in (False, True):
        panel.baseline.value, panel.k.value = baseline, k
        for rung in RUNGS:
            panel.rung.value = rung
            assert panel.error == "" and "nan" not in panel.text


def test_bad_input_shows_in_the_message(panel):
    for change, said in (
        (Setting("V-PG", 100, False, False, 0), "K is 100"),
        (Setting("PG", 20, False, False, 0), "'PG'"),
    ):
        panel.settings = lambda change=change: change
        panel.refresh()
        assert said in panel.message.value.replace("&#x27;", "'")
    del panel.settings
    panel.refresh()
    assert panel.error == panel.message.value == ""


def test_colours_come_from_the_style(panel):
    for (_, rung), point in panel._points.items():
        assert to_hex(point.get_color()) == look_of(rung).colour and point.get_marker() == look_of(rung).marker


def test_static_bundle_and_labels(panel):
    bundle = panel._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png"} and bundle["text/plain"] == panel.text
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).size == (1200, 550)
    for control in (panel.rung, panel.k, panel.baseline, panel.zoom, panel.new_noise):
        assert control.description


def test_docstring_examples_run():
    found = doctest.testmod(ladder_panel)
    assert found.attempted > 0 and found.failed == 0


def test_a_wrong_rung_is_named():
    with pytest.raises(ValueError, match="'PG'"):
        numbers_of.numbers_at(Setting("PG", 3, False, False, 0))
