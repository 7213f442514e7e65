"""The panel of notebook 03 without a browser: numbers against independent ones."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from panels import fresh

import capg_core as capg
from capg_core.classroom.lessons.n03_exploding_variance import numbers as numbers_of
from capg_core.classroom.lessons.n03_exploding_variance import panel as signal_noise_panel
from capg_core.classroom.lessons.n03_exploding_variance.arrows import arrow_path
from capg_core.classroom.lessons.n03_exploding_variance.numbers import METHODS, Setting, moments_at
from capg_core.classroom.problem import CLICKS, REWARDS, STEADY, SYNTHETIC, load_problem, project
from capg_core.look import PETROFF, look_of


@pytest.fixture
def panel():
    return fresh("SignalNoisePanel")


def test_running_sums_are_the_scores():
    lists, logits = numbers_of.simulate(0), load_problem(SYNTHETIC).logits
    for k in (1, 7, 50, 99):
        scores = capg.list_score(logits, lists.order[:60, :k])
        assert lists.squared[:60, k - 1] == pytest.approx(np.sum(scores**2, axis=1), rel=1e-9)
        shown = capg.choose_output(lists.order[:60, :k], load_problem(SYNTHETIC).utility)
        assert np.array_equal(lists.shown_reward[:60, k - 1], load_problem(SYNTHETIC).mean_reward[shown])


@pytest.mark.parametrize("rewards", REWARDS)
@pytest.mark.parametrize("baseline", [False, True])
def test_walks_end_at_the_estimates(baseline, rewards):
    setting = Setting(k=9, batch=4, baseline=baseline, rewards=rewards, seed=0)
    lists, problem = numbers_of.simulate(0), load_problem(SYNTHETIC)
    rows = np.arange(4) * numbers_of.N_WALKS + 2  # the third walk
    candidates = lists.order[rows, :9]
    shown = capg.choose_output(candidates, problem.utility)
    reward = problem.mean_reward[shown]
    if rewards == CLICKS:
        reward = (lists.luck[rows] < reward).astype(float)
    gain = reward - (capg.policy_value(problem.logits, 9, problem.mean_reward) if baseline else 0.0)
    gradient = capg.policy_gradient(problem.logits, 9, problem.mean_reward)
    for found, scores in (
        (numbers_of.walks(setting)[2, -1], capg.list_score(problem.logits, candidates)),
        (numbers_of.credit_means(setting)[2], capg.inclusion_score(problem.logits, shown, 9)),
    ):
        wanted = project(np.mean(gain[:, None] * scores, axis=0), gradient)
        assert found == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("rewards", REWARDS)
@pytest.mark.parametrize("baseline", [False, True])
def test_moments_agree_with_the_core(baseline, rewards):
    problem = load_problem(SYNTHETIC)
    where = (problem.logits, 20, problem.mean_reward)
    q = problem.mean_reward
    level = capg.policy_value(*where) if baseline else 0.0
    how = {"baseline": level, "reward_std": np.sqrt(q * (1 - q)) if rewards == CLICKS else 0.0}
    m = moments_at(20, "CA-PG", baseline, rewards, 0)
    assert m.noise**2 == pytest.approx(capg.exact_variance(*where, "CA-PG", **how), rel=2e-3)
    mean = capg.expected_estimate(*where, "CA-PG", baseline=level)
    assert m.signal == pytest.approx(np.linalg.norm(mean), rel=2e-3)
    # Both measured, on 4096 and on 4000 lists; without a baseline each is within 2 per cent (one standard error below
    # 0.5), with it the squared reward has a heavy tail: standard errors of some 4 per cent, so 20 is beyond three.
    d = capg.gradient_diagnostics(*where, "V-PG", **how, n_samples=4000, rng=np.random.default_rng(5))
    assert moments_at(20, "V-PG", baseline, rewards, 0).noise ** 2 == pytest.approx(d.variance, rel=0.2)


def test_a_click_is_as_likely_as_its_film_is_good():
    lists = numbers_of.simulate(0)
    for k in (1, 20):
        clicked = lists.luck < lists.shown_reward[:, k - 1]
        assert np.mean(clicked) == pytest.approx(np.mean(lists.shown_reward[:, k - 1]), abs=0.025)


def test_the_sentence_has_the_numbers(panel):
    panel.batch.value = 64
    m = moments_at(20, "V-PG", False, STEADY, 0)
    assert f"V-PG: signal {m.signal:.4f}, noise {m.noise / 8:.3f}, ratio {8 * m.signal / m.noise:.4f}" in panel.text
    assert f"{m.needed:.1e}" == "1.3e+05" and "a ratio of 1 takes about 130,000 lists" in panel.text
    assert panel.text.endswith("No baseline; a reward is the same each time.")
    panel.baseline.value, panel.rewards.value = True, CLICKS
    assert panel.text.endswith("The mean reward is subtracted; rewards are clicks.")
    count = signal_noise_panel._count
    assert (count(0.2), count(8.6), count(1234.0)) == ("about 1 list", "about 8 lists", "about 1,200 lists")
    assert count(float("inf")) == "more lists than there are"


def test_what_the_notebook_says_can_be_seen(panel):
    def ratio(estimator):
        return panel.numbers.moments[estimator].snr(panel.batch.value)

    low = ratio("V-PG")
    panel.batch.value = 256
    assert ratio("V-PG") == pytest.approx(16 * low)
    panel.baseline.value = True
    repaired = ratio("V-PG")
    assert repaired > 100 * low
    panel.rewards.value = CLICKS
    assert ratio("V-PG") < repaired / 5
    # with clicks the noise grows with K again
    noise = [moments_at(k, "V-PG", True, CLICKS, 0).noise for k in (1, 2, 5, 20)]
    assert noise == sorted(noise)


def test_axes_are_fixed_while_k_moves_and_follow_the_batch(panel):
    panel.k.value = 20
    wide = panel._walk_axes.get_xlim()
    panel.k.value = 1
    assert panel._walk_axes.get_xlim() == wide
    panel.batch.value = 512
    assert panel._walk_axes.get_xlim()[1] < wide[1] / 2
    assert panel._length_axes.get_ylim() == signal_noise_panel.LENGTHS


def test_no_line_tells_the_answer_before_k_has_moved(panel):
    panel.k.value = 1
    assert not any(line.get_visible() for line in panel._lines.values())
    panel.k.value = 2
    assert all(line.get_visible() for line in panel._lines.values())


@pytest.mark.parametrize("batch", [1, 512])
@pytest.mark.parametrize("k", [1, 20, 99])
def test_nothing_is_out_of_sight(panel, k, batch):
    """Among it CA-PG's means, which at a large batch stand far outside V-PG's cloud, and the true gradient."""
    panel.k.value, panel.batch.value = k, batch
    for _ in range(3):
        panel.new_noise.click()
        drawn = [*panel._paths, panel._ends, panel._credit, panel._truth]
        points = [np.ravel(line.get_data()) for line in drawn] + [np.ravel(panel._arrows.get_path().vertices)]
        assert np.abs(np.concatenate(points)).max() <= panel._walk_axes.get_xlim()[1] == panel._walk_axes.get_ylim()[1]


def test_arrows_go_from_point_to_point():
    points = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 2.0]])
    path = arrow_path(points, 0.1)
    corners = path.vertices.reshape(3, 6, 2)
    assert np.array_equal(corners[:, 0], points[:-1]) and np.array_equal(corners[:, 1], points[1:])
    assert corners[0, 2:] == pytest.approx(np.array([[0.9, 0.042], [1, 0], [0.9, -0.042], [0.9, 0.042]]))
    assert np.array_equal(corners[1], np.tile([1.0, 0.0], (6, 1)))  # no step, no head
    assert np.all(corners[2, 2:, 1] <= 2.0)


def test_colours_come_from_the_style(panel):
    used = {to_hex(line.get_color()) for line in panel._lines.values()}
    assert used == {look_of(e).colour for e in METHODS} <= set(PETROFF.values())
