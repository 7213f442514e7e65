"""The panel of 01 without a browser: its controls, its numbers against the core and against counting, its fallback."""

import base64
import doctest
from math import comb

import numpy as np
import pytest

import capg_core as capg
from capg_core.classroom import TwoStagePanel
from capg_core.classroom.lessons.n01_two_stage_ranking import numbers as two_stage_numbers
from capg_core.classroom.lessons.n01_two_stage_ranking import panel as two_stage_panel
from capg_core.classroom.lessons.n01_two_stage_ranking.numbers import (
    MAX_K,
    RESTS,
    Setting,
    early_logits,
    numbers_at,
    people,
)
from capg_core.look import INK, PETROFF


@pytest.fixture(scope="module")
def panel():
    return TwoStagePanel(k=20, quality=0.3)


@pytest.fixture(autouse=True)
def restore(request):
    """Put the module's panel back, so that the tests do not depend on their order."""
    yield
    if "panel" in request.fixturenames:
        used = request.getfixturevalue("panel")
        used._seed = 0
        used.k.value, used.quality.value = 1, 0.3
        used.late_stage.value, used.rest.value = "picks the best", RESTS[0]
        used.k.value = 20


def test_people_have_few_best_films_and_different_utilities():
    assert len(people()) == two_stage_numbers.N_USERS
    for person in people():
        top = person.mean_reward.max()
        assert 100 <= person.n_items <= 150 and np.sum(person.mean_reward == top) <= 6
        assert person.mean_reward[person.best] == top and person.rank[person.best] == 1
        assert len(set(person.utility)) == person.n_items
        # The late stage never prefers a film with fewer stars.
        assert np.all(np.diff(person.mean_reward[np.argsort(person.rank)]) <= 0)


def test_every_control_changes_picture_and_sentence(panel):
    seen = [(panel.text, panel.png)]
    for control, value in (
        (panel.k, 5),
        (panel.quality, 0.8),
        (panel.late_stage, "picks at random"),
        (panel.late_stage, "picks the worst"),
        (panel.rest, RESTS[1]),
    ):
        control.value = value
        assert panel.error == "" and panel.picture.value == panel.png
        seen.append((panel.text, panel.png))
    panel.new_noise.click()
    seen.append((panel.text, panel.png))
    assert len({text for text, _ in seen}) == len({png for _, png in seen}) == len(seen)


def test_sentence_agrees_with_the_core(panel):
    panel.late_stage.value, panel.k.value, panel.quality.value = "picks at random", 7, 0.5
    expected = {"optimal": [], "uniform": []}
    blind = []
    for person in people():
        logits, q = early_logits(person, 0.5, RESTS[0]), person.mean_reward
        pi = capg.inclusion_probabilities(logits, 7)
        rho = capg.outcome_probabilities(logits, 7, person.utility)
        expected["uniform"].append(q.max() - pi @ q / 7)
        expected["optimal"].append(q.max() - rho @ q)
        blind.append(q.max() - q.mean())
    total, miss = np.mean(expected["uniform"]), np.mean(expected["optimal"])
    assert panel.numbers.regret == pytest.approx(total, abs=1e-9)
    assert panel.numbers.miss == pytest.approx(miss, abs=1e-9)
    assert f"regret {total:.2f} stars, of which {miss:.2f} because" in panel.text
    assert panel.text.endswith(f"would have {np.mean(blind):.2f}.")


def test_random_candidates_by_counting():
    values = []
    for person in people():
        n, q = person.n_items, person.mean_reward[np.argsort(person.rank)]
        shown = [comb(n - m, 9) / comb(n, 10) for m in range(1, n + 1)]
        values.append(q.max() - np.dot(shown, q))
    assert two_stage_numbers.uniform_regret(10, "optimal") == pytest.approx(np.mean(values), rel=1e-9)


@pytest.mark.parametrize("late_stage", ["optimal", "uniform", "anti"])
@pytest.mark.parametrize("rest", RESTS)
def test_curves_are_the_exact_regret_up_to_noise(late_stage, rest):
    curve = two_stage_numbers.regret_curve(0.4, rest, late_stage)
    for k in (1, 4, 20, 80):
        exact = two_stage_numbers.expected_regret(0.4, rest, k, late_stage)
        # Stars of one draw spread by less than 1.2, and 1,800 draws are averaged: five standard errors.
        assert curve[k - 1] == pytest.approx(exact, abs=5 * 1.2 / np.sqrt(6 * two_stage_numbers.N_ORDERS))
    ks, blind = two_stage_numbers.uniform_curve(late_stage)
    assert ks[0] == 1 and ks[-1] == MAX_K and np.all(np.isfinite(blind))


def test_a_draw_shows_a_candidate_and_lists_are_prefixes():
    for late_stage in ("optimal", "uniform", "anti"):
        short = numbers_at(Setting(5, 0.3, RESTS[0], late_stage, 3)).draws
        long = numbers_at(Setting(30, 0.3, RESTS[0], late_stage, 3)).draws
        for person, few, many in zip(people(), short, long, strict=True):
            assert few.output in few.candidates and len(set(few.candidates)) == 5
            assert np.array_equal(many.candidates[:5], few.candidates)
            ranks = person.rank[few.candidates]
            if late_stage != "uniform":
                assert person.rank[few.output] == (ranks.min() if late_stage == "optimal" else ranks.max())
            assert few.regret == person.mean_reward.max() - person.mean_reward[few.output]


def test_draws_follow_the_model():
    # The first candidate is a softmax draw: over 2,000 seeds, the mean rating within five standard errors.
    person = people()[0]
    logits = early_logits(person, 0.3, RESTS[0])
    setting = [Setting(1, 0.3, RESTS[0], "optimal", seed) for seed in range(2000)]
    seen = np.array([person.mean_reward[two_stage_numbers.draw_of(person, s).output] for s in setting])
    exact = capg.policy_value(logits, 1, person.mean_reward, person.utility)
    assert abs(seen.mean() - exact) < 5 * seen.std() / np.sqrt(2000)


def test_quality_lowers_the_regret_of_a_perfect_late_stage(panel):
    regrets = []
    for quality in (0.0, 0.5, 1.0):
        panel.quality.value = quality
        regrets.append(panel.numbers.regret)
        assert panel.numbers.mistake == 0.0
    assert regrets[0] > regrets[1] > regrets[2] >= 0


def test_new_draw_leaves_the_expectation(panel):
    before, draws = panel.numbers.regret, panel.numbers.draws
    panel.new_noise.click()
    assert panel.numbers.regret == before
    assert any(set(old.candidates) != set(new.candidates) for old, new in zip(draws, panel.numbers.draws, strict=True))


def test_coming_back_gives_the_same_picture(panel):
    text, png = panel.text, panel.png
    panel.k.value, panel.late_stage.value = 50, "picks the worst"
    panel.new_noise.click()
    assert panel.png != png
    panel._seed = 0
    panel.late_stage.value, panel.k.value = "picks the best", 20
    assert (panel.text, panel.png) == (text, png)
    assert TwoStagePanel(k=20, quality=0.3).text == text


@pytest.mark.parametrize("k", [1, MAX_K])
@pytest.mark.parametrize("quality", [0.0, 1.0])
def test_extremes_show_no_error(panel, k, quality):
    panel.quality.value, panel.k.value = quality, k
    for rest in RESTS:
        panel.rest.value = rest
        assert panel.error == "" and "nan" not in panel.text and "-0.00" not in panel.text


def test_bad_input_shows_in_the_panel(panel):
    panel.k.max = 500
    panel.k.value = 400
    assert "K is 400; expected 1 to 90" in panel.message.value
    panel.k.value, panel.k.max = 20, MAX_K
    assert panel.error == "" and panel.message.value == ""
    with pytest.raises(ValueError, match="quality is 2"):
        numbers_at(Setting(5, 2.0, RESTS[0], "optimal", 0))


def test_static_bundle_and_style(panel):
    bundle = panel._repr_mimebundle_()
    assert bundle["text/plain"] == panel.text
    assert base64.b64decode(bundle["image/png"]) == panel.png
    assert panel._total.get_color() == INK
    assert panel._miss.get_color() == PETROFF["orange"] and panel._miss.get_linestyle() == "--"
    assert panel._random.get_color() == PETROFF["grey"] and panel._random.get_linestyle() == ":"
    for control in (panel.k, panel.quality, panel.late_stage, panel.rest, panel.new_noise):
        assert control.description


def test_docstring_examples_run():
    for module in (two_stage_numbers, two_stage_panel):
        found = doctest.testmod(module)
        assert found.attempted > 0 and found.failed == 0
