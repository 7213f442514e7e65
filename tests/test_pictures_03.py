"""The small pictures of notebook 03: what their sentences say of numbers that are known."""

import numpy as np
import pytest

from capg_core.classroom import pictures_of

draw = pictures_of("03")


@pytest.mark.parametrize("k", [1, 2, 30])
def test_a_walk_of_orthogonal_steps_has_a_squared_length_of_their_number(k):
    text = draw.walk(np.eye(40)[:k], np.arange(40.0)).text
    assert f"after draws 1 and {k} is 1.0 and {k}.0; the squared lengths of the surprises add up to {k}.0." in text


def test_a_walk_that_goes_back_and_forth():
    steps = np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])
    assert "is 1.0 and 0.0; the squared lengths of the surprises add up to 2.0" in draw.walk(steps, np.ones(3)).text


def test_cross_terms_say_the_largest_of_both_kinds():
    products = np.array([[0.9, 0.002], [-0.03, 0.8]])
    assert "itself 0.80 to 0.90, of two different draws within 0.030 of 0" in draw.cross_terms(products).text


def test_sizes_say_first_and_sum():
    text = draw.sizes({"mild": [1.0, 0.9], "sharp": [0.5, 0.1]}).text
    assert "mild, 1.00 at the first draw, 1.9 in all; sharp, 0.50 at the first draw, 0.6 in all" in text


def test_factors_say_the_product_of_the_means():
    text = draw.factors([1, 10], [1.0, 10.0], [0.5, 0.8], [0.5, 7.9]).text
    assert "the mean of their product from 0.500 to 7.90. The product of the means ends at 8.00." in text


def test_the_counterexample_says_what_grows_and_what_falls():
    text = draw.counterexample([1, 2], [0.3, 0.2], [0.9, 1.8]).text
    assert "grows from 0.90 to 1.80, the variance falls from 0.30 to 0.20" in text


def test_explained_says_the_share():
    assert "explains 1.00 of it, 25 %." in draw.explained([1, 5], [1.0, 4.0], [1.0, 1.0]).text


@pytest.mark.parametrize("estimator", ["", "V-PG"])
def test_curves_say_both_ends_of_every_line(estimator):
    text = draw.curves("variance", (1, 50), {"one": [1.0, 2.0], "the same": [1.0, 2.0]}, estimator).text
    assert text == "variance, from K = 1 to K = 50: one, from 1.00 to 2.00; the same, from 1.00 to 2.00."


def test_lists_needed_has_two_digits():
    needed = {("V-PG", "clicks"): [123.4, 5678.0], ("Outcome-PG", "clicks"): [1.0, 10.4]}
    text = draw.lists_needed((2, 50), needed).text
    assert text == "Lists for a ratio of 1 at K = 2, 50: V-PG, clicks: 120, 5,700; Outcome-PG, clicks: 1, 10."


def test_overflow_says_where_each_ends():
    gaps = np.arange(2, 6)
    text = draw.overflow(gaps, [-1.0, -1.0, np.inf, np.inf], [-1.0, -1.0, -1.0, np.inf], [-1.0] * 4).text
    assert "beyond a gap of 3 in single precision and 4 in double; the running sum gives -1.000" in text
