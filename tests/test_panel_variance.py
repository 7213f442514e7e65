"""The headline panel without a browser: its numbers against the core, messages, many threads at once."""

import threading

import numpy as np
import pytest
from panels import fresh

import capg_core as capg
from capg_core.classroom import VariancePanel
from capg_core.classroom.lessons.n00_start_here import numbers as lesson
from capg_core.classroom.lessons.n00_start_here.panel import CURVE_BOX
from capg_core.classroom.problem import (
    CLICKS,
    SYNTHETIC,
    data_names,
    exact_at,
    load_problem,
    orders,
    output_scores,
    outputs_by_length,
    reward_variance,
)


@pytest.fixture
def panel():
    return fresh("VariancePanel")


def test_the_sentence_begins_with_k_and_n(panel):
    for k in (1, 5, 20, 99):
        panel.k.value = k
        assert panel.error == "" and panel.text.startswith(f"K = {k}, n = 100: ")


def test_numbers_agree_with_the_core(panel):
    panel.toggles["Outcome-PG"].value = True
    for baseline in (False, True):
        panel.baseline.value = baseline
        numbers = panel.numbers
        problem, k = numbers.problem, 20
        level = capg.policy_value(problem.logits, k, problem.mean_reward) if baseline else 0.0
        for estimator in ("Outcome-PG", "CA-PG"):
            exact = capg.exact_variance(problem.logits, k, problem.mean_reward, estimator, baseline=level)
            assert numbers.estimates[estimator].variance == pytest.approx(exact, rel=2e-3)
            mean = capg.expected_estimate(problem.logits, k, problem.mean_reward, estimator, baseline=level)
            assert numbers.estimates[estimator].mean == pytest.approx(mean, abs=2e-5)
        measured = capg.gradient_diagnostics(
            problem.logits,
            k,
            problem.mean_reward,
            "V-PG",
            baseline=level,
            n_samples=4000,
            rng=np.random.default_rng(5),
        )
        assert numbers.estimates["V-PG"].variance == pytest.approx(measured.variance, rel=0.15)


def test_lists_are_prefixes_so_the_noise_is_common():
    drawn = orders(SYNTHETIC, 1.0, 0)
    assert np.array_equal(drawn, orders.__wrapped__(SYNTHETIC, 1.0, 0))
    assert not np.array_equal(drawn, orders(SYNTHETIC, 1.0, 1))
    assert np.array_equal(np.sort(drawn, axis=1)[0], np.arange(100))
    # The first draw is a softmax.
    weights = np.exp(load_problem(SYNTHETIC).logits)
    frequency = np.bincount(drawn[:, 0], minlength=100) / len(drawn)
    assert np.abs(frequency - weights / weights.sum()).max() < 0.02


@pytest.mark.parametrize("name", data_names())
def test_the_late_stage_shows_the_same_from_every_prefix(name):
    problem, drawn = load_problem(name), orders(name, 1.0, 0)
    for k in (1, 2, 20, problem.n_items - 1):
        shown = capg.choose_output(drawn[:, :k], problem.utility)
        assert np.array_equal(outputs_by_length(name, 1.0, 0)[:, k - 1], shown)


def test_exact_numbers_and_single_estimates_are_those_of_the_core():
    problem, k = load_problem(data_names()[1]), 20
    exact = exact_at(problem.name, 1.0, k)
    assert exact.value == capg.policy_value(problem.logits, k, problem.mean_reward, problem.utility)
    lists = orders(problem.name, 1.0, 0)[:, :k]
    shown = capg.choose_output(lists, problem.utility)
    gain = problem.mean_reward[shown] - exact.value
    estimates = gain[:, None] * capg.list_score(problem.logits, lists)
    found = lesson.estimate_at(problem.name, 1.0, k, "V-PG", True, 0)
    assert np.array_equal(found.samples, estimates[: lesson.N_DOTS])
    around = np.mean(np.sum(estimates**2, axis=1)) - np.sum(exact.gradient**2)
    assert found.variance == pytest.approx(around, rel=1e-12)


@pytest.mark.parametrize("name", data_names())
def test_one_candidate_has_one_score_whatever_the_estimator(name):
    logits = 2.0 * load_problem(name).logits
    scores = output_scores(name, 2.0, 1, "CA-PG")
    assert np.array_equal(scores, output_scores(name, 2.0, 1, "Outcome-PG"), equal_nan=True)
    items = np.flatnonzero(np.isfinite(scores[:, 0]))
    assert len(items) > 20
    np.testing.assert_allclose(scores[items], capg.inclusion_score(logits, items, 1), rtol=1e-9, atol=1e-15)


def test_nothing_is_computed_for_an_estimator_that_is_not_shown(panel, monkeypatch):
    asked = set()
    estimate_at = lesson.estimate_at
    monkeypatch.setattr(lesson, "estimate_at", lambda *args, **how: asked.add(args[3]) or estimate_at(*args, **how))
    lesson.curve.cache_clear()
    panel.new_noise.click()
    assert asked == {"V-PG", "CA-PG"} == set(panel.numbers.curves)
    panel.toggles["Outcome-PG"].value = True
    assert "Outcome-PG" in asked and panel.error == ""
    ks, curves = panel.numbers.ks, panel.numbers.curves
    for estimator, line in panel._lines.items():
        assert np.array_equal(line.get_xydata(), np.column_stack([ks, curves[estimator][0]]))


def test_axes_are_fixed_while_k_moves(panel):
    axes = panel._clouds["V-PG"][0]
    limits = []
    for k in (1, 50):
        panel.k.value = k
        limits.append((axes.get_xlim(), axes.get_ylim(), panel._curve_axes.get_ylim()))
    assert limits[0] == limits[1]


def test_no_curve_tells_the_answer_before_k_has_moved(panel):
    panel.k.value = 1
    lines = [*panel._lines.values(), *panel._signals.values()]
    assert not any(line.get_visible() for line in lines) and panel._note.get_visible()
    panel.k.value = 2
    assert panel._lines["V-PG"].get_visible() and not panel._note.get_visible()


def test_where_only_rounding_is_left_neither_infinity_nor_an_angle_is_said(panel):
    panel.data.value, panel.k.value, panel.baseline.value = panel.data.options[1], 61, True
    assert panel.error == "" and "∞" not in panel.text
    assert "estimate is less than 1e-12 for V-PG and less than 1e-12 for CA-PG." in panel.text
    assert "is rounding" in panel.text and "off the true gradient" not in panel.text and "Signal" not in panel.text


def test_slider_end_follows_the_data(panel):
    panel.k.value = 99
    for name in panel.data.options[1:]:
        panel.data.value = name
        n_items = load_problem(name).n_items
        assert 100 <= n_items <= 150
        assert panel.k.max == min(100, n_items - 1)
        assert panel.error == "" and f"n = {n_items}:" in panel.text


def test_an_exception_shows_in_the_panel_and_goes_away(panel):
    for box in panel.toggles.values():
        box.value = False
    assert "tick at least one" in panel.message.value
    panel.toggles["CA-PG"].value = True
    assert panel.error == "" and panel.message.value == ""
    assert "CA-PG" in panel.text and "V-PG" not in panel.text


def test_message_is_escaped(panel, monkeypatch):
    def fail(settings):
        raise RuntimeError("<b>broken</b> & more")

    monkeypatch.setattr(panel, "compute", fail)
    panel.k.value = 33
    assert "&lt;b&gt;broken&lt;/b&gt; &amp; more" in panel.message.value
    assert panel.error == "RuntimeError: <b>broken</b> & more"


def test_driven_from_four_threads_at_once(panel):
    wrong = []

    def drive(values):
        for value in values:
            panel.k.value = value
            if panel.error:
                wrong.append(panel.error)

    threads = [threading.Thread(target=drive, args=(range(start, 40, 4),)) for start in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert wrong == []
    # Whatever came last is what is shown, and it is what a panel that was never hurried shows.
    final = panel.k.value
    assert panel.text.startswith(f"K = {final}, ")
    quiet = VariancePanel(k=final)
    assert (panel.text, panel.png) == (quiet.text, quiet.png)


def test_bundle_has_the_widget_where_a_kernel_runs(panel, monkeypatch):
    monkeypatch.setattr("capg_core.classroom.panel.has_front_end", lambda: True)
    assert (
        panel._repr_mimebundle_()[0]["application/vnd.jupyter.widget-view+json"]["model_id"]
        == panel.widget.model_id
    )


def test_picture_is_reachable_for_tests_and_readers(panel):
    assert "capg-picture" in panel.picture._dom_classes
    assert "capg-sentence" in panel.sentence._dom_classes
    assert "capg-message" in panel.message._dom_classes


@pytest.mark.parametrize("peakedness", [1.0, 10.0])
@pytest.mark.parametrize("data", data_names())
def test_every_label_is_at_its_line_or_tied_to_it_or_says_where_it_went(data, peakedness):
    panel = VariancePanel(shown=lesson.ESTIMATORS, baseline=True, data=data, peakedness=peakedness)
    left, bottom, width, height = CURVE_BOX
    low, high = np.log10(panel._curve_axes.get_ylim())
    seen = 0
    for name, text in panel._labels._texts.items():
        curves = panel._signals if name.endswith("signal") else panel._lines
        estimator = {"true signal": "V-PG"}.get(name, name.removesuffix(" signal"))
        with np.errstate(divide="ignore"):
            level = (np.log10(curves[estimator].get_ydata()[-1]) - low) / (high - low)
        tie = panel._labels._ties[name]
        tied = tie.get_visible()
        if level <= 0:
            assert text.get_text() == f"{name} ↓"
            # tied to where its line leaves the axes
            log_x, log_y = np.log10(np.maximum(curves[estimator].get_data(), 1e-300))
            at = log_x[0] + (log_x[-1] - log_x[0]) * (tie.get_xdata()[0] - left) / width
            inside = np.flatnonzero(log_y > low)
            if inside.size:
                assert tied and np.interp(at, log_x, log_y) == pytest.approx(low, abs=1e-6)
        else:
            assert text.get_text() == name
            assert tied or abs(text.get_position()[1] - bottom - height * level) < 0.03
        seen += text.get_visible()
    assert seen == 5


@pytest.mark.parametrize("baseline", [False, True])
def test_clicks_are_as_noisy_as_the_core_says(panel, baseline):
    """Against lists and clicks drawn one by one, and against the exact variance with the noise given to it."""
    panel.rewards.value, panel.baseline.value = CLICKS, baseline
    panel.toggles["Outcome-PG"].value = True
    problem, k = panel.numbers.problem, 20
    q = problem.mean_reward
    level = capg.policy_value(problem.logits, k, q) if baseline else 0.0
    for estimator in ("Outcome-PG", "CA-PG"):
        exact = capg.exact_variance(
            problem.logits, k, q, estimator, baseline=level, reward_std=np.sqrt(q * (1 - q))
        )
        assert panel.numbers.estimates[estimator].variance == pytest.approx(exact, rel=2e-3)
    rng = np.random.default_rng(8)
    lists = capg.sample_candidates(problem.logits, k, rng, 6000)
    gain = (rng.random(6000) < q[capg.choose_output(lists, problem.utility)]) - level
    estimates = gain[:, None] * capg.list_score(problem.logits, lists)
    assert panel.numbers.estimates["V-PG"].variance == pytest.approx(estimates.var(axis=0).sum(), rel=0.08)
    # the dots are single clicks: their spread is the same variance, from 400 of them
    dots = panel.numbers.estimates["V-PG"].samples
    assert dots.var(axis=0).sum() == pytest.approx(estimates.var(axis=0).sum(), rel=0.25)
    assert "a click, worth 1 or nothing" in panel.text


def test_a_click_is_worth_five_stars_and_keeps_the_means():
    q = load_problem(data_names()[1]).mean_reward
    luck = lesson._clicks(data_names()[1], 0)
    clicks = luck + q[:, None]
    assert set(np.round(np.unique(clicks), 9)) == {0.0, 5.0}
    assert np.abs(luck.mean(axis=1)).max() < 5 * 2.5 / np.sqrt(lesson.N_DOTS)
    assert reward_variance(q, CLICKS) == pytest.approx(q * (5 - q))
    with pytest.raises(ValueError, match="rewards is 'none'"):
        reward_variance(q, "none")


def test_the_dial_shows_the_angle_of_the_mean_of_the_dots(panel):
    truth = panel.numbers.exact.gradient
    for estimator in ("V-PG", "CA-PG"):
        mean = panel.numbers.estimates[estimator].samples.mean(axis=0)
        angle = np.degrees(np.arccos(mean @ truth / np.linalg.norm(mean) / np.linalg.norm(truth)))
        assert panel.numbers.off[estimator] == pytest.approx(angle)
        x, y = panel._clouds[estimator][2]._hand.xy
        assert np.degrees(np.arctan2(y, x)) == pytest.approx(angle)
        assert f"{angle:.0f}° for {estimator}" in panel.text
    x, y = panel._clouds["V-PG"][2]._mark.get_data()
    assert (x[0], y[0]) == pytest.approx((1.0, 0.0), abs=1e-6)  # V-PG is unbiased: its mean over all lists is the star
    dial = panel._clouds["V-PG"][2]
    dial.point(float("nan"), float("nan"))
    assert not dial._hand.get_visible() and dial._words.get_text() == "no direction"
    dial.point(10.0, 0.0)
    assert dial._hand.get_visible()
