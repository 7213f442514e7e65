"""What the training panel says in words, and what its stored target is."""

import numpy as np
import pytest
from test_training_panel import WORLD, finished, small

import capg_core as capg
from capg_core.classroom import TrainingPanel
from capg_core.classroom.lessons.n07_training_race.numbers import lead_of
from capg_core.classroom.lessons.n07_training_race.panel import IN_STEPS
from capg_core.classroom.lessons.n07_training_race.words import Numbers, sentence_of
from capg_core.classroom.lessons.n08_real_ratings.numbers import METHODS
from capg_core.classroom.racing import MEAN_BASELINE, paper_setting_curve


def test_curves_that_stop_apart_are_told_apart():
    """As after Stop in the midst of a round: each estimator has done what it has done."""
    x, slow, fast = np.array([0, 25, 50, 75]), np.array([1.0, 1.1, 1.2, 1.3]), np.array([1.0, 1.4, 1.5])
    curves = {"V-PG": (x, slow), "CA-PG": (x[:3], fast)}
    setting = small().asked()
    numbers = Numbers(setting, IN_STEPS, 9.0, 1.0, None, curves, lead_of(curves), None, 50, 50, "over")
    text = sentence_of(numbers, in_time=False)
    assert text.startswith("After 50 to 75 steps at ")
    assert "CA-PG was after 25 steps where V-PG is after 75: 3.0 times fewer." in text


def test_the_stored_target_is_that_of_the_paper_s_setting():
    steps, value = paper_setting_curve()
    assert steps[0] == 0 and steps[-1] == 500_000 and len(steps) == len(value) == 101
    panel = TrainingPanel()
    assert f"had {value[-1]:.2f} after 500,000 steps" in panel.text
    assert value[0] == pytest.approx(capg.train(
        panel.world, "CA-PG", 10, n_steps=0, learning_rate=0.01, seed=0, eval_every=1
    ).policy_value[0])  # fmt: skip
    panel.k.value = 20
    assert "500,000" not in panel.text
    assert "500,000" not in small(k=10).text


def test_no_baseline_is_named_where_it_cancels():
    """Swap-PG takes differences of what its critic expects: with a baseline it learns the same to the bit."""
    steps = {"n_steps": 40, "eval_every": 20, "learning_rate": 0.1, "seed": 0}
    for estimator, cancels in (("Swap-PG", True), ("V-PG", False)):
        without, with_mean = (capg.train(WORLD, estimator, 5, baseline=b, **steps) for b in (None, "mean"))
        assert np.array_equal(without.policy_value, with_mean.policy_value) == cancels
        assert (small(baseline=MEAN_BASELINE).asked().baseline_of(estimator) is None) == cancels
    assert [name for name in METHODS if name.startswith("Swap-PG")] == ["Swap-PG"]
    assert "V-PG + baseline" in METHODS
    said = finished(estimators=("V-PG", "Swap-PG"), baseline=MEAN_BASELINE)
    assert said._names["Swap-PG"].get_text().startswith("Swap-PG ") and "baseline" in said._names["V-PG"].get_text()
    assert "baseline" not in said._names["Swap-PG"].get_text()
