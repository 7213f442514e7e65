"""The pictures of 08 and 09, the stored curve, and the outcome form for several experts, by their numbers."""

import itertools
import re

import build_concordance_curve
import numpy as np
import pytest

import capg_core as capg
from capg_core.classroom import pictures_of
from capg_core.classroom.lessons.n08_real_ratings.concordance import CLICKS, FILMS, Curve, curves
from capg_core.classroom.lessons.n09_mixture_of_experts import numbers as experts
from capg_core.classroom.lessons.n09_mixture_of_experts import outcome

FILMS_DRAW, EXPERTS_DRAW = pictures_of("08"), pictures_of("09")


def curve(lead, concordance=(1.0, 0.9, 0.8)):
    lead = np.asarray(lead, float)
    by_seed = np.repeat(np.array(concordance)[:, None], lead.shape[1], axis=1)
    return Curve("made up", ("CA-PG", "V-PG + b"), by_seed, {"CA-PG": 4.0 + lead, "V-PG + b": np.full(lead.shape, 4.0)})


# The stored curve.


def test_a_lead_ends_where_the_straight_line_crosses():
    made = curve([[0.3, 0.1], [0.1, 0.1], [-0.1, -0.3]])
    place, error = made.lead_ends()
    assert place == pytest.approx(0.8 + 0.1 * 0.2 / 0.3)
    each = [0.8 + 0.1 * 0.3 / 0.4, 0.8 + 0.1 * 0.1 / 0.2]  # without the first seed, without the second
    assert error == pytest.approx(np.sqrt(np.var(each)))
    lead, spread = made.lead("CA-PG")
    np.testing.assert_allclose(lead, [0.2, 0.1, -0.2])
    np.testing.assert_allclose(spread, [0.1, 0.0, 0.1])


def test_a_lead_that_never_ends_has_no_place():
    assert np.isnan(curve([[0.3, 0.1], [0.1, 0.1], [0.1, 0.3]]).lead_ends()[0])


def test_the_stored_curve_is_what_its_script_trains():
    found, names = curves(), list(build_concordance_curve.METHODS)
    assert set(found) == set(build_concordance_curve.SETTINGS)
    assert all(c.n_seeds >= 5 and np.isfinite(c.by_seed).all() for c in found.values())
    for setting, method, place in ((FILMS, "CA-PG", 3), (CLICKS, "V-PG + b", 5)):
        k, levels, _ = build_concordance_curve.SETTINGS[setting]
        world = build_concordance_curve.world_of(setting, levels[place], 1)
        assert capg.alignment(world).concordance == pytest.approx(found[setting].by_seed[place, 1], abs=1e-6)
        # another order of sums can send a training another way, and then it ends elsewhere by chance
        value = build_concordance_curve.learned(world, method, k, 1)
        assert value == pytest.approx(found[setting].value[method][place, 1], abs=0.03)
    assert names[0] == "CA-PG"


def test_what_08_and_the_sheet_say_of_the_curve_holds():
    found = curves()
    for name in (FILMS, CLICKS):
        lead = {m: found[name].lead(m)[0] for m in found[name].methods if m != "V-PG + b"}
        assert lead["CA-PG"][0] > 0 > lead["CA-PG"][-1] and lead["CA-PG + b"][0] == min(x[0] for x in lead.values()) < 0
        high = found[name].concordance > 0.7
        best = np.max([x[high] for x in lead.values()], axis=0)
        assert (lead["Outcome-PG + b"][high] > best - 0.03).all()
        assert (lead["CA-PG + b"] > lead["CA-PG"])[found[name].concordance < 0.88].all()
    ends = [found[name].lead_ends()[0] for name in (FILMS, CLICKS, "synthetic")]
    assert ends == sorted(ends, reverse=True) and 0.9 < ends[0] < 1 and ends[2] < 0.8


# Pictures: their sentences, with as little as can be and with more.


def test_the_sentences_of_08():
    slopes = FILMS_DRAW.slopes(["Third Man, The"], [1.0], {"true": [-0.1], "CA-PG": [0.2], "CA-PG + b": [0.0]})
    assert slopes.text == "The Third Man, 1 star: true -0.100, CA-PG +0.200, CA-PG + b +0.000."
    ends = {(data, 20): {"V-PG + b": (4.3, 4.7), "CA-PG + b": (4.3, 4.2)} for data in ("own", "fitted")}
    text = FILMS_DRAW.race(ends, {key: (4.2, 5.0) for key in ends}).text
    assert text.count("(random 4.20, best 5.00): V-PG + b 4.70, CA-PG + b 4.20") == 2
    text = FILMS_DRAW.held_out({"own": {"V-PG + b": (4.9, 4.4), "CA-PG": (4.8, 4.6)}}, {"own": (4.5, 4.5)}).text
    assert "held out 4.40 (random 4.50) for V-PG + b" in text and text.endswith("for CA-PG.")
    assert FILMS_DRAW.recall({"a": {"CA-PG": 0.0}, "b": {"CA-PG": 0.7}}, 0.1, 0.7).text.endswith(
        "a: CA-PG 0.00; b: CA-PG 0.70."
    )
    places = re.findall(r"(\d\.\d\d) ± (\d\.\d\d)", FILMS_DRAW.concordance().text)
    assert [p for p, _ in places] == [f"{curves()[s].lead_ends()[0]:.2f}" for s in FILMS_DRAW._SETTINGS]


def test_the_sentences_of_09():
    theta = experts.expert_logits(2, 180)
    assert EXPERTS_DRAW.one_peak({"A": theta[0], "sum": theta.sum(axis=0)}).text == (
        "A: logits up to 3.0, at -90 degrees; sum: logits up to 0.0."
    )
    layers = experts.brought_in(experts.thinned_clock(theta, [12, 6]))
    text = EXPERTS_DRAW.survivors(layers, layers.sum(axis=0)).text
    assert text.startswith("Expert 1 brings in 12.0 items, expert 2 6.0.") and text.endswith("at most 0.000.")
    variances = {"V-PG + b": ([0.06, 0.01], [0.4, 1.2]), "Outcome-PG + b ≈": ([0.1, 0.002], [0.3, 0.1])}
    text = EXPERTS_DRAW.noise([2, 24], variances, {}).text
    assert "V-PG + b variance 0.06 to 0.01, with clicks 0.4 to 1" in text and "cosine" not in text
    assert EXPERTS_DRAW.last_places([0.0]).text == "More candidates near A: places 1 to 10: 0.0."


@pytest.mark.parametrize("draw", [FILMS_DRAW, EXPERTS_DRAW])
def test_no_picture_is_as_high_as_a_page(draw):
    pictures = [FILMS_DRAW.concordance()] if draw is FILMS_DRAW else [EXPERTS_DRAW.last_places([1.0, 0.5])]
    assert all(p.png.startswith(b"\x89PNG") and len(p.png) < 150_000 and "nan" not in p.text for p in pictures)


# The outcome form.


def by_enumeration(logits, places, utility):
    """Return the exact chance of each item to be shown."""
    rho, n = np.zeros(utility.size), utility.size
    for order in itertools.permutations(range(n), sum(places)):
        chance, left, drawn = 1.0, np.ones(n, bool), iter(order)
        for row, count in zip(np.exp(logits), places, strict=True):
            for item in itertools.islice(drawn, count):
                chance *= row[item] / row[left].sum()
                left[item] = False
        rho[max(order, key=lambda item: utility[item])] += chance
    return rho


def test_the_outcome_form_is_exact_for_one_draw_of_all_weight_and_sums_to_one():
    rng = np.random.default_rng(0)
    logits, utility = rng.normal(size=(2, 8)), rng.random(8)
    rho = outcome.outcome_by_clock(logits, [2, 1], utility)
    assert rho.sum() == pytest.approx(1.0) and rho.min() >= 0.0
    exact = by_enumeration(logits, [2, 1], utility)
    one = by_enumeration(logits[:1], [3], utility)
    off, off_alone = (
        np.abs(a - b).max() for a, b in ((rho, exact), (outcome.outcome_by_clock(logits[:1], [3], utility), one))
    )
    assert off < 0.1 and off < 2 * off_alone + 0.02  # as rough as with one expert: few items, three places
    np.testing.assert_allclose(one, capg.outcome_probabilities(logits[0], 3, utility), atol=1e-9)


def test_with_one_expert_it_is_the_cores_cheap_marginal():
    logits, reward = experts.expert_logits(1, 0), experts.two_peaks()
    variance, mean = outcome.outcome_noise(logits, 12, reward)
    options = {"baseline": "mean", "marginal": "asymptotic"}
    wanted = capg.expected_estimate(logits[0], 12, reward, "Outcome-PG", **options)
    assert np.linalg.norm(mean[0] - wanted) < 0.1 * np.linalg.norm(wanted)
    assert variance == pytest.approx(capg.exact_variance(logits[0], 12, reward, "Outcome-PG", **options), rel=0.1)


@pytest.mark.parametrize(("k", "angle"), [(6, 90), (24, 180)])
def test_the_outcome_form_is_near_the_simulation(k, angle):
    logits, reward = experts.expert_logits(2, angle), experts.two_peaks()
    places = experts.places_of(k, 2)
    share = outcome.shown_share(logits, places, reward, 40_000)
    assert np.abs(outcome.outcome_by_clock(logits, places, reward) - share).max() < 0.035


def test_clicks_add_noise_to_every_estimator():
    logits, reward = experts.expert_logits(2, 180), experts.two_peaks()
    click = np.sqrt(reward * (1 - reward))
    plain, clicks = (experts.gradient_noise(logits, 6, reward, "V-PG", "mean", reward_std=s)[0] for s in (0.0, click))
    assert clicks > 5 * plain
    assert outcome.outcome_noise(logits, 6, reward, click)[0] > outcome.outcome_noise(logits, 6, reward)[0]
