"""The small pictures of notebook 00: what their sentences say of numbers that are known."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from capg_core.classroom import pictures_of

draw = pictures_of("00")


def test_a_picture_has_its_sentence_as_alternative_text_and_is_stored_sharp():
    picture = draw.surprises([1, 2], [1.0, 2.0], [1.0, 0.5])
    bundle, metadata = picture._repr_mimebundle_()
    assert metadata["image/png"]["alt"] == bundle["text/plain"] == picture.text
    assert Image.open(io.BytesIO(base64.b64decode(bundle["image/png"]))).size == (1800, 585)


def test_three_films_says_each_estimate_and_their_mean():
    p, reward = np.array([0.5, 0.3, 0.2]), np.array([1.0, 0.0, 2.0])
    text = draw.three_films(p, reward, np.eye(3) - p).text
    assert "Shown film 1: its estimate is +0.50, −0.30, −0.20 and comes with chance 0.50" in text
    assert "Shown film 2: its estimate is 0.00, 0.00, 0.00" in text
    # p_j (q_j - sum p q), with sum p q = 0.9
    assert text.endswith("Their mean is the gradient: +0.05, −0.27, +0.22.")


def test_two_factors_says_how_many_times():
    text = draw.two_factors([1, 20], [1.0, 19.0], [0.5, 1.0], [0.4, 10.0]).text
    assert "From K = 1 to K = 20" in text
    assert "length of the score 19.0 times, squared reward 2.0 times and variance of V-PG 25.0 times" in text


def test_surprises_says_both_ends():
    assert "V-PG from 1.00 to 2.0, CA-PG from 1.00 to 0.50" in draw.surprises([1, 2], [1.0, 2.0], [1.0, 0.5]).text


def test_baseline_says_every_line_and_every_pair():
    text = draw.baseline([1, 50], {"none": [0.3, 40.0], "clicks": [0.2, 1.25]}, {"V-PG + b": (0.07, 0.01)}).text
    assert "none, from 0.300 to 40.0; clicks, from 0.200 to 1.25" in text
    assert "K = 20, the same reward each time and clicks: V-PG + b 0.07 and 0.01" in text


@pytest.mark.parametrize(("mean", "degrees"), [([1, 0], 0), ([0, 3], 90), ([-1, 0], 180), ([1, 1], 45)])
def test_dials_say_the_angle(mean, degrees):
    text = draw.dials(["K = 1"], [np.array(mean, float)], [np.array([2.0, 0.0])], ["a note"]).text
    assert f"K = 1: {degrees}° off the true gradient, a note." in text


def test_flat_top_says_what_the_first_film_gets():
    order, reward = np.arange(5), np.array([5.0, 5.0, 4.0, 3.0, 2.0])
    text = draw.flat_top(order, reward, np.array([1.0, 1.0, 0, -1, -1]), np.array([3.0, 1.0, 0, -2, -2])).text
    assert text.startswith("The first 2 films have 5 stars each.")
    assert "the first film gets 75 % from CA-PG's mean and 50 % from the true gradient" in text
