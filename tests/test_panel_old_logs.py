"""Old logs without a browser: numbers against the core, the stored spread, the pictures, the text to copy."""

import re
import textwrap
from pathlib import Path

import nbformat
import numpy as np
import pytest

import capg_core as capg
from capg_core.classroom import OldLogsPanel
from capg_core.classroom.lessons.n11_old_logs_new_policy import learning, numbers, pictures
from capg_core.classroom.lessons.n11_old_logs_new_policy.looks import LOOKS
from capg_core.classroom.lessons.n11_old_logs_new_policy.numbers import (
    BY_MOVE,
    CLICKS,
    STEADY,
    TYPICAL,
    WEIGHTS,
    Setting,
)
from capg_core.look import look_of

ROOT = Path(__file__).resolve().parents[1]
FIRST = dict(k=20, moved=1.0, reward=CLICKS, against=numbers.BY_K, normalised=False, seed=0)


@pytest.mark.parametrize("normalised", [False, True])
@pytest.mark.parametrize(("k", "reward"), [(1, STEADY), (7, CLICKS), (50, STEADY)])
def test_estimates_are_those_of_the_core(k, reward, normalised):
    found = numbers.numbers_at(Setting(**FIRST | dict(k=k, reward=reward, normalised=normalised)))
    log, shown = numbers.logged(TYPICAL), numbers.logged(TYPICAL).shown[:, k - 1]
    new, lists = log.old + log.step, log.lists[:, :k]
    np.testing.assert_array_equal(shown, capg.choose_output(lists, log.reward))
    rewards = log.reward[shown] if reward == STEADY else (log.uniform < log.reward[shown]).astype(float)
    assert found.truth == pytest.approx(capg.policy_value(new, k, log.reward), rel=1e-10)
    assert found.earned == rewards.mean()
    for name, mine in found.estimates.items():
        core = capg.off_policy_value(
            log.old, new, shown, rewards, k, utility=log.reward, candidates=lists, weights=name,
            self_normalised=normalised,
        )  # fmt: skip
        wanted = core.value, core.standard_error, core.effective_sample_size, core.importance.mean()
        np.testing.assert_allclose((mine.value, mine.error, mine.size, mine.mean_weight), wanted, rtol=1e-7)
        assert mine.covers(mine.value) and not mine.covers(mine.value + 2.0 * mine.error)


def test_the_first_log_is_a_typical_one():
    found = numbers.numbers_at(Setting(**FIRST)).estimates
    middle = numbers.spread()[1, :, 19, numbers.MOVES.index(1.0)]
    for share, name in zip(middle[:2], WEIGHTS, strict=False):
        assert found[name].size / numbers.N_RECORDS == pytest.approx(share, rel=0.3)


def test_the_stored_spread_is_that_of_long_logs():
    """By outcome and inclusion a long log's share has a formula; 20,000 records come near where half of them count."""
    stored, at = numbers.spread(), numbers.MOVES.index(1.0)
    shares = []
    for seed in range(numbers.N_PROBLEMS):
        rng = np.random.default_rng(seed)
        old, reward = rng.normal(size=100), rng.random(100)
        was, new = (capg.outcome_probabilities(x, 20, reward) for x in (old, old + rng.normal(size=100)))
        shares.append(1.0 / np.sum(new[was > 0] ** 2 / was[was > 0]))
    np.testing.assert_allclose(stored[:, 1, 19, at], np.percentile(shares, (5, 50, 95)), rtol=0.1)
    np.testing.assert_allclose(stored[:, 0, 0], stored[:, 1, 0], rtol=1e-5)  # at K = 1 all are the same
    np.testing.assert_allclose(stored[:, 0, 0], stored[:, 2, 0], rtol=1e-5)
    assert np.all(np.diff(stored[1, 0, :30, at]) < 0) and np.all(np.diff(stored[1, :, 19], axis=1) < 0)


def test_the_stored_spread_agrees_with_the_cheat_sheet():
    """Other lists of the same hundred problems."""
    table = (ROOT / "notebooks" / "CHEATSHEET.md").read_text(encoding="utf-8").partition("<!-- table logs")[2]
    for k in (5, 20, 50):
        row = [float(x) for x in re.search(rf"^\| {k} \|(.*)\|$", table, re.M)[1].split("|")]
        ours = 100 * numbers.spread()[1, :, k - 1, numbers.MOVES.index(1.0)]
        np.testing.assert_allclose(ours, row[1::2], rtol=0.2)


def test_the_panel_says_what_misses_the_value_and_what_is_biased():
    panel = OldLogsPanel(k=20)
    text, n = panel.text, numbers.numbers_at(panel.settings())
    missed = re.search(r"interval of (.*) misses", text)[1]
    assert [name in missed for name in WEIGHTS] == [not n.estimates[name].covers(n.truth) for name in WEIGHTS]
    assert "inclusion" in missed and "outcome" not in missed
    assert ["biased" in panel._notes[name].get_text() for name in WEIGHTS] == [False, False, True]
    panel.k.value = 1
    assert "With one candidate the three weights are the same." in panel.text
    assert "biased" not in panel._notes["inclusion"].get_text()
    panel.against.value = BY_MOVE
    assert panel._share_axes.get_xlabel() == "how far the new policy moved"
    assert panel._now.get_xdata()[0] == 1.0 and panel.error == ""


def test_a_value_beyond_the_axis_is_said_by_an_arrow():
    panel = OldLogsPanel(k=20, moved=2.0)
    for _ in range(3):
        for name, found in panel.numbers.estimates.items():
            assert ("→" in panel._notes[name].get_text()) == (found.value > 1.6)
            assert len(panel._points[name].get_xdata()) == (found.value <= 1.6)
        panel.new_log.click()


def test_each_weight_looks_as_the_estimator_of_its_probability():
    pairs = zip(WEIGHTS, ("V-PG", "Outcome-PG", "CA-PG"), strict=True)
    assert all(LOOKS[name].colour == look_of(estimator).colour for name, estimator in pairs)


# Learning from a log.


@pytest.fixture(scope="module")
def town():
    return learning.make_town(2000)


def test_a_towns_log_earns_what_its_model_is_worth(town):
    error = town.log.reward.std() / np.sqrt(len(town.log.reward))
    assert abs(town.log.reward.mean() - town.value(town.items)) < 4 * error
    assert abs(learning.said_by(town, town.log.logits, np.arange(2000)) - town.log.reward.mean()) < 1e-9


def test_learning_follows_its_rows_and_only_the_first_half_of_the_log(town):
    seen = []

    def step(items, records, rng):
        seen.append(records)
        return np.zeros_like(items)

    still = learning.learn(town, step, n_steps=20, asked=True)
    assert np.max(seen) < 1000 and len(seen) == 21
    assert still.steps.tolist() == [0, 20] and still.value[0] == still.value[1] == town.value(town.items)
    # both halves are worth what was clicked in them: the model is the one that made the log
    halves = town.log.reward[:1000].mean(), town.log.reward[1000:].mean()
    np.testing.assert_allclose((still.learned_from[1], still.held_out[1]), halves, rtol=1e-9)
    better = learning.learn(town, learning.on_policy(town), n_steps=20)
    assert better.value[1] > better.value[0] + 0.02 and np.isnan(better.held_out).all()


# The pictures.


def test_the_walk_of_one_draw_and_of_policies_that_are_the_same():
    text = pictures.walk(np.zeros((5, 1)), np.ones(5)).text
    assert text.startswith("Ratios of 5 logged lists.") and "within 1.00." in text
    wide = pictures.walk(np.log([[2.0, 100.0]] * 50), np.full(50, 0.5)).text
    assert "a factor of 2.00 of 1, after 2 draws within 100; the ratios of the items shown within 2.00" in wide


def test_half_of_equal_weights_is_carried_by_half_of_the_records():
    text = pictures.heaviest({"list": np.array([1e9, *np.ones(99)]), "outcome": np.ones(100)}).text
    assert text == (
        "1 of 100 records carry half of the sum of the list weights and 50 of 100 records carry half of the sum of the "
        "outcome weights."
    )


def test_the_means_by_item_are_the_ratios_or_it_says_so():
    weights, chance, shown = np.array([1.0, 3.0, 2.0]), np.array([0.25, 0.25, 0.5]), np.array([0, 0, 2])
    right = pictures.by_item(weights, chance, shown, {0: 2.0, 2: 2.0}).text
    assert right.startswith("Of 3 lists 2 show item 0 and 1 show item 2.") and "the same to 1e-12" in right
    assert "off by 0.5" in pictures.by_item(weights, chance, shown, {0: 2.5, 2: 2.0}).text


def test_a_wrong_ranking_and_a_limit_are_said_in_numbers():
    found = capg.off_policy_value([0.0, 0.0], [0.0, 1.0], [0, 1], [1.0, 0.0], 1, utility=[1.0, 0.0])
    text = pictures.wrong_ranking([1.0], [found], 0.25).text
    assert text.startswith("True value 0.25. Estimated: ") and "with 100.0 % of the pairs" in text
    values = {("list", False): [0.1, 0.2], ("outcome", True): [0.4, 0.3]}
    text = pictures.clipping([1, 10], values, 0.25, 0.5).text
    assert text == (
        "True value 0.25, the log earned 0.50. list 0.10 at limit 1 and 0.20 at 10; outcome, self-normalised 0.40 at "
        "limit 1 and 0.30 at 10."
    )


def test_learning_and_cost_are_said_in_numbers():
    learned = learning.Learned(np.array([0, 10]), np.array([0.5, 0.6]), np.array([0.5, 3.0]), np.array([0.5, 0.4]))
    text = pictures.learning({"on-policy": (learned, None, "-")}, 0.9, learned).text
    assert text == (
        "After 10 steps: 0.600 on-policy; it began with 0.500, and 0.900 is the best possible. From few records, true "
        "value 0.60; the half learned from says 3.0, the other half 0.4."
    )
    times = numbers.times_per_context([30, 60], 5)
    assert set(times) == {"the softmax", "drawing K", *numbers.TIMED}
    assert all(len(found) == 2 and min(found) >= 0 for found in times.values())
    text = pictures.cost([10, 100], {"CA-PG": [1.0, 2.0], "the softmax": [0.5, 1.0]}).text
    assert text == "Milliseconds per context at 100 items: CA-PG 2.00 and the softmax 1.00."


# The text to copy.


def test_the_steps_in_the_notebook_are_those_that_the_tests_run():
    cells = nbformat.read(ROOT / "notebooks" / "11_old_logs_new_policy.ipynb", as_version=4).cells
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    blocks = re.findall(r"```python\n(.*?)\n```", prose, re.S)
    names = ("jax_tower", "torch_tower")
    assert len(blocks) == len(names)
    for block, name in zip(blocks, names, strict=True):
        source = (ROOT / "capg_core" / "examples" / f"{name}.py").read_text(encoding="utf-8")
        assert textwrap.indent(block, "    ") in source.partition("def step_on_log(")[2].partition("\n\n\n")[0]
