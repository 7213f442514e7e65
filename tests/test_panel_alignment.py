"""The panel on bias without a browser: its numbers against enumeration and the core."""

import itertools

import numpy as np
import pytest
from panels import fresh

import capg_core as capg
from capg_core.classroom.lessons.n05_bias_and_alignment import numbers as alignment_numbers
from capg_core.classroom.lessons.n05_bias_and_alignment import panel as alignment_panel
from capg_core.classroom.lessons.n05_bias_and_alignment.exercises import crossing
from capg_core.classroom.lessons.n05_bias_and_alignment.numbers import (
    DIFFERENT,
    SAME,
    STARS,
    Setting,
    numbers_at,
    stage_at,
)
from capg_core.look import LOOKS, PETROFF


@pytest.fixture
def panel():
    return fresh("AlignmentPanel")


def setting(**given):
    most = {"correlation": 1.0, "rewards": DIFFERENT, "offset": 0.0, "baseline": False, "seed": 0}
    return Setting(**{**most, **given})


@pytest.mark.parametrize("place", [0.0, 0.35, 1.0, 1.4, 2.0])
@pytest.mark.parametrize("baseline", [False, True])
def test_numbers_agree_with_the_core(place, baseline):
    found = numbers_at(setting(stage=place, k=6, correlation=0.5, offset=1.5, baseline=baseline))
    logits, utility = alignment_numbers.problem(0.5, 0)
    reward = alignment_numbers.mean_rewards(DIFFERENT) + 1.5
    stage = stage_at(place)
    level = capg.policy_value(logits, 6, reward, utility, stage) if baseline else 0.0
    mean = capg.expected_estimate(logits, 6, reward, "CA-PG", utility=utility, late_stage=stage, baseline=level)
    np.testing.assert_allclose(found.mean, mean, rtol=0, atol=1e-12)
    gradient = capg.policy_gradient(logits, 6, reward, utility, stage)
    assert found.cosine == pytest.approx(mean @ gradient / np.linalg.norm(mean) / np.linalg.norm(gradient), abs=1e-10)
    # The curve is put together from three parts; it must pass through the point.
    # an angle near 0 is the root of a rounding
    assert np.interp(place, alignment_numbers.STAGES, found.curve) == pytest.approx(found.angle, abs=1e-4)


def test_mean_estimate_agrees_with_enumeration():
    logits, utility, k = np.array([0.4, -0.3, 1.1, 0.0]), np.array([3.0, 1.0, 2.0, 4.0]), 2
    reward, mean = np.array([1.0, 0.2, 0.7, 0.4]), np.zeros(4)
    pi, score = np.zeros(4), np.zeros((4, 4))
    lists = list(itertools.permutations(range(4), k))
    for order in lists:
        chance = np.exp(capg.list_log_prob(logits, order))
        pi[list(order)] += chance
        score[list(order)] += chance * capg.list_score(logits, order)
    for order in lists:
        shown = max(order, key=lambda i: utility[i])
        mean += np.exp(capg.list_log_prob(logits, order)) * reward[shown] * score[shown] / pi[shown]
    got = alignment_numbers.mean_estimate(logits, k, reward, utility, "optimal")
    np.testing.assert_allclose(got, mean, atol=1e-12)


def test_sentence_says_the_numbers(panel):
    panel.offset.value = 2.0
    numbers = panel.numbers
    assert numbers.angle > 90
    assert f"is {numbers.angle:.0f}°. " in panel.text and "cosine" not in panel.text
    for place in numbers.places.values():
        assert f"{place.value:.3f}" in panel.text
    assert panel.text.startswith("Late stage 80 % uniform, 20 % anti, K = 5, n = 20: ")


def test_only_a_late_stage_that_likes_what_the_users_like_is_called_optimal(panel):
    panel.stage.value = 0.0
    assert panel.text.startswith("Late stage optimal") and panel.stage.label == "optimal"
    panel.correlation.value = 0.9
    assert panel.text.startswith("Late stage first choice") and panel.stage.label == "first choice"
    panel.stage.value = 0.5
    assert "50 % first choice, 50 % uniform" in panel.text
    panel.correlation.value = 1.0
    assert panel.stage.value == 0.5 and panel.stage.options[0][0] == "optimal" and panel.error == ""


def test_the_first_items_are_no_outlier():
    """Of 24 draws theirs are angles near the medians, where another's are 30 degrees off."""
    found = np.array([
        [alignment_numbers.curve(5, 1.0, DIFFERENT, added, False, seed)[at] for at, added in ((0, 0), (40, 0), (24, 2))]
        for seed in range(24)
    ])  # fmt: skip
    off = np.abs(found - np.median(found, axis=0)).max(axis=1)
    assert off[0] < 8 < 30 < off.max()


def test_uniform_is_unbiased_at_any_setting(panel):
    panel.stage.value, panel.offset.value, panel.correlation.value = 1.0, 3.0, 0.2
    assert "the mean of CA-PG is the true gradient." in panel.text
    truth, credit = panel.numbers.places["true gradient"], panel.numbers.places["CA-PG"]
    assert credit.value == pytest.approx(truth.value, abs=1e-6)


def test_constant_reward_moves_credit_only(panel):
    panel.rewards.value = SAME
    assert "there is nothing to learn, and the mean of CA-PG has length" in panel.text
    assert np.linalg.norm(panel.numbers.mean) > 0.01 and not panel.numbers.gradient.any()
    panel.baseline.value = True
    assert "both zero" in panel.text
    panel.baseline.value, panel.stage.value = False, 1.0
    assert "both zero" in panel.text and "nan" not in panel.text


def test_top_items_and_values(panel):
    panel.offset.value = 2.0
    credit = panel.numbers.places["CA-PG"]
    assert credit.top.sum() == 5 and credit.top[-1]  # the worst item is let through
    assert credit.best_in_top == 4
    assert credit.inclusion.sum() == pytest.approx(5)
    stars = numbers_at(setting(stage=0.0, k=3, rewards=STARS))
    assert alignment_numbers.is_best(STARS, 3).sum() == 4  # four films share the five stars
    assert stars.places["CA-PG"].best_in_top <= 3


def test_one_candidate_has_no_bias(panel):
    panel.k.value, panel.offset.value, panel.stage.value = 1, 4.0, 2.0
    assert "the mean of CA-PG is the true gradient." in panel.text


def test_colours():
    assert alignment_panel.COLOURS["CA-PG"] == LOOKS["CA-PG"].colour
    assert set(alignment_panel.COLOURS.values()) <= set(PETROFF.values())


def test_crossing_is_where_the_panel_has_a_right_angle():
    share = crossing()
    for place, sign in ((share - 0.01, 1), (share + 0.01, -1)):
        assert sign * numbers_at(setting(stage=1.0 + place, k=5, offset=2.0)).cosine > 0
