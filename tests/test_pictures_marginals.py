"""The pictures of notebook 06: what their sentences say of inputs whose answer is known."""

import numpy as np
import pytest

from capg_core.classroom import pictures_of

draw = pictures_of("06")


def test_errors_of_zero_are_drawn_too():
    text = draw.errors((1, 2), {"paper": [0.0, 9.96], "asymptotic": [0.0, 0.0]}, [0.0, 0.5]).text
    assert "the paper's formula 0.0 % at K = 1, 10.0 % at K = 2; Rosén's clock 0.0 % at K = 1" in text
    assert text.endswith("Its sum exceeds K by 0.0, 0.5.")


def test_what_is_left_says_mean_and_least():
    text = draw.what_is_left(np.array([1.0, 0.4]), np.array([[1.0, 0.5], [1.0, 0.7]])).text
    assert text == "Before draw 2, 2 lists have 0.60 of the weight left on average and 0.50 at least; " + (
        "the paper's formula says 0.40."
    )


def test_a_race_without_luck_has_no_spread():
    same = np.full(10, 3)
    text = draw.closing({"fixed": (3, 2.0, same, np.full(10, 1.0))}).text
    assert "fixed: arrivals 0 %, K-th arrival 0 %, which comes at 0.50 of the clock on average" in text


def test_newton_says_clock_and_arrivals():
    text = draw.newton(lambda t: 4 * t, 2, [0.25, 0.5]).text
    assert "0.2500 (1.0000), 0.5000 (2.0000). Asked for: 2." in text


def test_angles_keep_their_signless_degrees():
    found = {"asymptotic": [0.0, 0.04], "with_replacement": [1.0, 170.0]}
    assert "Rosén's clock 0.0°, 0.0°; K·softmax 1.0°, 170.0°." in draw.directions((0.1, 3.0), found).text
    assert "K = 5: without a baseline 90° to 90°" in draw.outcome({5: [90.0]}, {5: [0.2]}).text


@pytest.mark.parametrize("method", ["exact", "paper"])
def test_cost_names_the_largest_size_of_each(method):
    text = draw.cost({method: [(100, 1e-5), (100_000, 0.25)], "asymptotic": [(100, 1e-5)]}, 7).text
    assert "Time of one call at K = 7" in text and "250 ms at n = 100,000" in text and "ms at n = 100." in text
