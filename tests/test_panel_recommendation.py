"""The recommendation panel without a browser: titles, loved films missed and values agree with the core."""

import html
import time

import numpy as np
import pytest

import capg_core as capg
from capg_core.classroom import RecommendationPanel
from capg_core.classroom.lessons.n08_real_ratings import numbers as recommendation_numbers
from capg_core.classroom.lessons.n08_real_ratings.numbers import (
    COMPLETED,
    FITTED,
    KUAIREC,
    METHODS,
    OWN,
    SOURCES,
    describe,
    name_some,
    readable,
    recommend,
    source_of,
)
from capg_core.classroom.lessons.n08_real_ratings.picture import COLUMNS, ROWS, places_of_loved, rows_of
from capg_core.look import look_of
from capg_core.training import training

PATIENCE = 60
STEPS = 10


def trained(**options):
    panel = RecommendationPanel(**{"user": 486, "n_steps": STEPS, **options})
    panel.start()
    assert panel.wait(PATIENCE)
    assert panel.error == ""
    return panel


@pytest.fixture(scope="module")
def shared():
    return trained()


@pytest.fixture
def panel(shared):
    yield shared
    shared.stop()
    assert shared.wait(PATIENCE)
    shared.path.value, shared.data.value = "", OWN
    shared.k.value, shared.method.value, shared.n_steps.value, shared.seed.value = 5, "CA-PG", STEPS, 0
    shared.person.value = row_of(486)


@pytest.fixture(scope="module")
def kuairec(tmp_path_factory):
    """A made-up file in KuaiRec's form: 12 users, 30 videos."""
    rng = np.random.default_rng(0)
    lines = [
        f"{10 * u + 14},{3 * v + 148},{rng.gamma(2.0, 0.5):.3f}"
        for u in range(12)
        for v in range(30)
        if (u, v) != (0, 0)
    ]
    path = tmp_path_factory.mktemp("data") / "small_matrix.csv"
    path.write_text("\n".join(["user_id,video_id,watch_ratio", *lines]) + "\n")
    return path


def row_of(user):
    return int(np.flatnonzero(capg.observed_films().users == user)[0])


def by_hand(world, model, k, row):
    """Return (candidates, shown, loved) from the model's embeddings."""
    pool = np.flatnonzero(world.available[row])
    logits = model.users[0, row] @ model.items[0].T
    candidates = pool[np.argsort(-logits[pool])][:k]
    shown = max(candidates, key=lambda item: (world.utility[row, item], -item))
    best = max(world.mean_reward[row, item] for item in pool)
    return candidates, shown, [item for item in pool if world.mean_reward[row, item] == best]


@pytest.mark.parametrize(("data", "stage"), [(OWN, "own"), (FITTED, "fitted")])
def test_lists_values_and_sentence_agree_with_the_core(data, stage):
    k, row, world = 10, row_of(298), capg.observed_films(stage)
    panel = trained(data=data, k=k, user=298, method="V-PG + baseline", seed=3)
    run = capg.train(world, "V-PG", k, n_steps=STEPS, learning_rate=0.1, baseline="mean", seed=3, eval_every=STEPS)
    start = capg.train(world, "V-PG", k, n_steps=0, learning_rate=0.1, seed=3, eval_every=1).model
    for model, side, value in ((start, panel.numbers.before, run.policy_value[0]),
                               (run.model, panel.numbers.after, run.policy_value[-1])):  # fmt: skip
        candidates, shown, loved = by_hand(world, model, k, row)
        assert side.candidates.tolist() == candidates.tolist() and side.shown == shown
        assert panel.numbers.loved.tolist() == loved
        assert side.caught.tolist() == [item in candidates for item in loved]
        assert side.value == pytest.approx(value, abs=1e-12)
        missed = [item for item in loved if item not in candidates]
        stars = world.mean_reward[row, shown]
        assert f"hold {len(loved) - len(missed)} of the {len(loved)} and miss {len(missed)} " in panel.text
        assert f"({readable(world.titles[missed[0]])}, " in panel.text
        assert f"shows {readable(world.titles[shown])}, {stars:.1f} stars, regret {5.0 - stars:.1f}." in panel.text
    found = capg.alignment(world)
    for words in (f"User 298: {world.available[row].sum()} films; loved: {len(loved)} films with 5 stars. K = 10",
                  f"rank correlation {found.rank_correlation:.2f}, concordance {found.concordance:.2f}",
                  f"Mean reward of all people: {run.policy_value[0]:.2f} before, {run.policy_value[-1]:.2f} after; "
                  f"random candidates {capg.uniform_value(world, k):.2f}, highest possible "
                  f"{capg.optimal_value(world):.2f}."):  # fmt: skip
        assert words in panel.text
    assert ("held-out error 0.82 stars" in panel.text) == (data == FITTED)


def test_completed_says_that_it_is_semi_synthetic():
    panel = trained(data=COMPLETED, method="CA-PG")
    error = capg.held_out_error().factorisation
    assert panel.text.endswith(
        "Semi-synthetic: a model filled every cell and nobody gave these rewards. "
        f"It misses held-out ratings by {error:.2f} stars (root mean square)."
    )
    world, row = capg.completed_films(), 486
    assert set(panel.numbers.loved) == set(np.argsort(-world.mean_reward[row])[:10])
    assert "loved: the best 10 films of this person" in panel.text and "P(4 stars or more) = 0." in panel.text


def test_every_control_changes_picture_and_sentence(panel):
    seen = {(panel.png, panel.text)}

    def look():
        assert panel.error == ""
        seen.add((panel.png, panel.text))

    for control, value in ((panel.k, 20), (panel.person, row_of(7)), (panel.method, "V-PG"), (panel.n_steps, 50),
                           (panel.seed, 1), (panel.data, FITTED), (panel.data, COMPLETED)):  # fmt: skip
        control.value = value
        look()
    panel.train_button.click()
    assert panel.wait(PATIENCE)
    look()
    assert len({png for png, _ in seen}) == len({text for _, text in seen}) == 9


def test_what_was_trained_is_kept_and_the_same_picture_comes_back(panel):
    text, png = panel.text, panel.png
    panel.k.value = 20
    assert "press Train" in panel.text and panel.numbers.after is None
    assert "Train trains with the new ones" in panel.status.value
    panel.k.value = 5
    assert (panel.text, panel.png) == (text, png)
    panel.data.value = FITTED
    panel.data.value = COMPLETED
    panel.data.value = OWN
    assert (panel.text, panel.png) == (text, png)
    assert trained().text == text


def test_the_person_stays_when_the_data_changes(panel):
    panel.data.value = COMPLETED
    assert panel.person.value == 486 and panel.text.startswith("User 486: 108 rated; ")
    panel.data.value = FITTED
    assert panel.person.value == row_of(486)
    panel.data.value = COMPLETED
    few = next(iter(source_of(COMPLETED).people.values()))
    panel.person.value = few  # a person with too few ratings for the others
    panel.data.value = OWN
    assert panel.error == "" and panel.text.startswith("User ")


def test_people_are_ordered_by_their_number_of_ratings():
    for name in (OWN, COMPLETED):
        source = source_of(name)
        counts = np.bincount(capg.load_ratings().user)[source.world.users[list(source.people.values())]]
        assert (np.diff(counts) >= 0).all() and len(source.people) == source.world.n_users
    assert source_of(OWN).pool(0).size == capg.observed_films().available[0].sum()


@pytest.mark.parametrize("k", [1, 100])
@pytest.mark.parametrize("name", [OWN, FITTED, COMPLETED])
def test_extremes_show_no_error_and_no_nan(panel, name, k):
    panel.data.value, panel.k.value = name, k
    people = list(source_of(name).people.values())
    for person in (people[0], people[-1]):
        panel.person.value = person
        assert panel.error == "" and "nan" not in panel.text
        side = panel.numbers.before
        listed = rows_of(side)
        assert len(listed) == min(k, ROWS) and side.shown in [item for _, item in listed]
        assert all(side.candidates[place - 1] == item for place, item in listed)


@pytest.mark.parametrize("method", METHODS)
def test_each_method_trains_what_it_says(method):
    estimator, baseline = METHODS[method]
    panel = trained(method=method)
    alone = capg.train(
        capg.observed_films(),
        estimator,
        5,
        n_steps=STEPS,
        learning_rate=0.1,
        baseline=baseline,
        seed=0,
        eval_every=STEPS,
    )
    assert panel.numbers.after.value == alone.policy_value[-1] and f"steps of {method}, " in panel.text
    heading = panel._lists._heads[1]
    assert heading.get_text() == f"After {STEPS} steps" and heading.get_color() == look_of(estimator).colour


def test_kuairec_by_its_path(panel, kuairec):
    before = panel.png
    panel.data.value = KUAIREC
    for click in (lambda: None, panel.train_button.click, lambda: setattr(panel.k, "value", 2)):
        click()
        assert "Type where your KuaiRec file is" in panel.message.value and not panel.path.disabled
        assert panel.error == "" and "Error" not in panel.message.value and "alert" not in panel.message.value
    panel.path.value = "no/such/place"
    assert "'no/such/place' does not exist" in html.unescape(panel.message.value)
    panel.path.value = str(kuairec)
    assert panel.error == "" and panel.message.value == "" and panel.png != before
    assert panel.text.startswith("User_id 14; loved: the best 10 videos") and "video " in panel.text
    assert "The file has 99.7% of the pairs" in panel.text
    assert [value for _, value in panel.k.options] == [1, 2, 5, 10, 20]
    panel.start()
    assert panel.wait(PATIENCE) and panel.error == "" and panel.numbers.after.steps == STEPS
    panel.data.value = OWN
    assert panel.error == "" and panel.path.disabled and panel.text.startswith("User 486")


def test_stop_keeps_what_was_learned(panel):
    panel.k.value, panel.n_steps.value = 10, 3000
    panel.train_button.click()
    deadline = time.monotonic() + PATIENCE
    while panel.bar.value == 0.0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert " left" in panel.status.value
    panel.person.value = row_of(7)  # another person, while it trains
    assert panel.error == "" and panel.text
    panel.stop_button.click()
    assert panel.wait(PATIENCE) and "stopped" in panel.status.value
    steps = panel.numbers.after.steps
    assert 0 < steps < 3000 and f"After {steps:,} steps of CA-PG" in panel.text and panel.text.startswith("User 7:")


def test_a_training_goes_on_while_other_settings_are_looked_at(panel):
    panel.k.value, panel.n_steps.value = 2, 50
    panel.start()
    panel.k.value = 50
    assert panel.wait(PATIENCE) and "press Train" in panel.text
    panel.k.value = 2
    assert panel.numbers.after.steps == 50 and "After 50 steps" in panel.text


def test_an_error_while_training_shows_in_the_message(panel, monkeypatch):
    def fail(*args, **options):
        raise FloatingPointError("<b>broken</b>")

    monkeypatch.setattr(training, "evaluate", fail)
    panel.start()
    assert panel.wait(PATIENCE)
    assert panel.error == "FloatingPointError: <b>broken</b>" and "&lt;b&gt;broken" in panel.message.value
    monkeypatch.undo()
    panel.start()
    assert panel.wait(PATIENCE) and panel.error == "" and panel.message.value == ""


def test_wrong_arguments():
    with pytest.raises(ValueError, match="'PG'"):
        RecommendationPanel(method="PG")
    with pytest.raises(ValueError, match="data is 'stars'"):
        source_of("stars")
    assert RecommendationPanel(user=-1).error == ""


def test_the_sentence_is_the_numbers(panel):
    assert panel.text == describe(panel.numbers)


def test_ties_go_to_the_lower_index_as_in_the_evaluation():
    world = capg.World(np.zeros((1, 6)), utility=[[0, 3, 1, 3, 3, 2]])
    source = recommendation_numbers.Source(OWN, world, "abcdef", {"user 0": 0}, scale=5.0)
    model = source.untrained(0)
    model.users[:], model.items[0] = 1.0, np.array([0, 1, 2, 5, 4, 3])[:, None]
    assert recommend(source, model, 4, 0, 0, 0.0).candidates.tolist() == [3, 4, 5, 2]
    assert recommend(source, model, 4, 0, 0, 0.0).shown == 3
    assert recommend(source, model, 5, 0, 0, 0.0).shown == 1


@pytest.mark.parametrize("k", [5, 100])
def test_the_list_of_loved_films_shows_some_caught_and_some_missed(panel, k):
    panel.k.value = k
    numbers = panel.numbers
    places = places_of_loved(numbers)
    assert places == sorted(set(places)) and len(places) == min(ROWS, numbers.loved.size)
    caught = numbers.before.caught.copy()
    if numbers.after is not None:
        caught |= numbers.after.caught
    shown = caught[places]
    assert shown.sum() >= min(ROWS // 2, caught.sum()) and (~shown).sum() >= min(ROWS // 2, (~caught).sum())
    drawn = [words for x, _, words, _ in panel._lists.lines if x == COLUMNS[2]]
    titles = [numbers.source.titles[item] for item in numbers.loved[places]]
    assert all(title.startswith(words.rstrip("…")) for words, title in zip(drawn, titles, strict=True))
    marks = panel._lists._caught.get_xydata(), panel._lists._missed.get_xydata()
    assert len(marks[0]) + len(marks[1]) == len(places) * (2 if numbers.after is not None else 1)


def test_every_title_can_be_read():
    titles = [readable(title) for title in capg.load_ratings().titles]
    assert all(titles) and not any(title.endswith((", The", ", A", ")")) for title in titles)
    assert name_some(["Up"]) == "Up" and SOURCES[0] == OWN
