"""The credit picture without a browser: its numbers against enumeration of all lists, its bars and its words."""

from itertools import permutations

import numpy as np
import pytest
from panels import fresh

import capg_core as capg
from capg_core.classroom.lessons.n00_start_here import credit_numbers as lesson
from capg_core.classroom.lessons.n00_start_here.credit_panel import PUSHES


@pytest.fixture
def panel():
    return fresh("CreditPanel")


def test_estimates_are_those_of_the_list_and_of_the_film_shown():
    """V-PG by differences of the log-probability; CA-PG's mean and the truth by going through all lists of three."""
    k, step = 3, 1e-6
    numbers = lesson.numbers_at(lesson.Setting(k=k, seed=4))
    around = lesson.LOGITS + step * np.eye(lesson.N_FILMS)
    here = capg.list_log_prob(lesson.LOGITS, numbers.drawn)
    slopes = [(capg.list_log_prob(there, numbers.drawn) - here) / step for there in around]
    assert numbers.push["V-PG"] == pytest.approx(numbers.reward * np.array(slopes), abs=1e-5)
    lists = np.array(list(permutations(range(lesson.N_FILMS), k)))
    with_shown = lists[(lists == numbers.shown).any(axis=1)]

    def log_inclusion(logits):
        return np.log(np.exp(capg.list_log_prob(logits, with_shown)).sum())

    slopes = [(log_inclusion(t) - log_inclusion(lesson.LOGITS)) / step for t in around]
    assert numbers.push["CA-PG"] == pytest.approx(numbers.reward * np.array(slopes), abs=1e-5)
    chance, reward = np.exp(capg.list_log_prob(lesson.LOGITS, lists)), lesson.MEAN_REWARD[lists.max(axis=1)]
    truth = (chance * reward) @ capg.list_score(lesson.LOGITS, lists)
    assert numbers.truth == pytest.approx(truth, abs=1e-10)


def test_films_stand_in_the_order_of_their_rewards_and_the_last_card_drawn_is_shown(panel):
    assert np.all(np.diff(lesson.MEAN_REWARD) > 0)
    for _ in range(8):
        panel.again.click()
        numbers = panel.numbers
        assert numbers.shown == capg.choose_output(numbers.drawn[None], lesson.MEAN_REWARD)[0] == max(numbers.drawn)


def test_what_the_picture_claims_over_many_draws():
    """V-PG's bars jump, CA-PG's hardly move while the same film is shown; the film drawn is pushed up."""
    many = [lesson.numbers_at(lesson.Setting(k=5, seed=seed)) for seed in range(200)]
    distance = {m: np.mean([n.distance(m) for n in many]) for m in lesson.METHODS}
    assert distance["V-PG"] > 4 * distance["CA-PG"]
    best = [n for n in many if n.shown == lesson.N_FILMS - 1]
    assert 0.5 < len(best) / len(many) < 0.8
    assert np.ptp([n.push["CA-PG"] for n in best], axis=0).max() < 1e-12
    assert np.ptp([n.push["V-PG"] for n in best], axis=0).min() > 0.8
    assert all((n.push["CA-PG"] > 0).sum() == 1 for n in many)
    assert np.mean([(n.push["V-PG"] > 0).sum() for n in many]) > 4.5


def test_bars_have_one_scale_and_what_is_cut_is_marked(panel):
    assert panel._bars["V-PG"].axes.get_ylim() == panel._bars["CA-PG"].axes.get_ylim() == PUSHES
    for k in (1, 5, 8):
        panel.k.value = k
        for method in lesson.METHODS:
            both = panel._bars[method], panel._outlines[method]
            heights, outlines = ([path.vertices[1, 1] for path in bars.get_paths()] for bars in both)
            assert heights == pytest.approx(panel.numbers.push[method])
            assert outlines == pytest.approx(panel.numbers.truth)
            assert list(panel._cut[method].get_xdata()) == [i for i, h in enumerate(heights) if h < PUSHES[0]]
            assert max(heights) <= PUSHES[1]


def test_the_words_say_whom_each_credits(panel):
    film = panel.numbers.shown + 1
    titles = {m: " ".join(text.get_text() for text in panel._titles[m][:2]) for m in lesson.METHODS}
    assert titles["V-PG"] == f"V-PG credits all 5 draws for the reward of film {film}"
    assert titles["CA-PG"] == f"CA-PG credits film {film} for its reward"
    assert f"The late stage shows film {film}, and its reward is {panel.numbers.reward:.2f}" in panel.text
    assert f"it is {panel.numbers.distance('V-PG'):.2f} away" in panel.text
    panel.k.value = 1
    assert "the one draw" in panel._titles["V-PG"][0].get_text()
    assert np.allclose(panel.numbers.push["V-PG"], panel.numbers.push["CA-PG"])
