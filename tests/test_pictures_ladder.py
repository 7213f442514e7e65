"""The pictures of notebook 04: what their sentences say of inputs whose answer is known."""

import numpy as np
import pytest

from capg_core.classroom import pictures_of

draw = pictures_of("04")


def test_order_says_how_much_less():
    assert "K = 2: 4.00 and 3.00, 25 % less" in draw.order((1, 2), (1.0, 4.0), (1.0, 3.0)).text
    assert "K = 1: 1.00 and 1.00, 0 % less" in draw.order((1,), (1.0,), (1.0,)).text


def test_rungs_count_estimates_and_measure_their_variance():
    chance, shown = np.array([0.25, 0.25, 0.5]), np.array([0, 0, 1])
    lists = np.array([[1.0, -1.0], [3.0, -3.0], [-2.0, 2.0]])
    means = np.array([[2.0, -2.0], [2.0, -2.0], [-2.0, 2.0]])
    text = draw.rungs(chance, shown, {"V-PG": lists, "Outcome-PG": means}, np.zeros(2), 0).text
    # E x² of one component is 0.25 + 2.25 + 2 = 4.5 and 4, and both components are alike
    assert "V-PG has 3 different estimates and the variance 9.00" in text
    assert "Outcome-PG has 2 different estimates and the variance 8.00" in text
    assert "from -2.00 to 3.00 at item 0" in text


def test_one_item_is_enough_for_every_picture():
    one = np.array([1.0])
    assert "item 3 0.00 and 0.00" in draw.dropped((3,), (0.0,), (0.0,)).text
    assert "true 1.00; CA-PG -1.00" in draw.item_order(one, {"late": (one, -2 * one)}).text
    assert "K = 1: from 1.00 at a chance of 0.5 to 1.00 at 0.5" in draw.top_one({1: 0.5 * one}, {1: one}).text


def test_items_come_best_first_in_units_of_the_largest():
    q = np.array([0.2, 0.9, 0.5])
    text = draw.item_order(q, {"a": (np.array([-1.0, 2.0, 0.0]), np.array([0.0, -4.0, 1e-17]))}).text
    assert text == "Items 1, 2, 0, best first, in units of the largest component. a: true 1.00, 0.00, -0.50; " + (
        "CA-PG -1.00, 0.00, 0.00."
    )


def test_signal_to_noise_is_said_at_20():
    lines = {"V-PG": [0.1, 0.001], "CA-PG": [0.1, 0.25]}
    text = draw.signal_to_noise((5, 20), {("clicks", "no baseline"): lines}).text
    assert text == "Signal-to-noise at K = 20. Clicks, no baseline: V-PG 0.001 and CA-PG 0.25."
    with pytest.raises(ValueError, match="20"):
        draw.signal_to_noise((5, 10), {("clicks", "no baseline"): lines})
