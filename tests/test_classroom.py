"""The panel without a browser, predictions, README picture."""

import base64
import doctest
import importlib
import io
import json
import threading
from pathlib import Path

import numpy as np
import pytest
import readme_picture
from PIL import Image

import capg_core as capg
from capg_core.classroom import Predict, VariancePanel
from capg_core.classroom.lessons.n00_start_here import numbers as variance_numbers
from capg_core.classroom.panel import WIDGET_VIEW
from capg_core.look import FONT, LOOKS, look_of, spread

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def panel():
    return VariancePanel(k=20)


@pytest.fixture(autouse=True)
def restore(request):
    """Put the shared panel back, so that the tests do not depend on their order."""
    yield
    if "panel" in request.fixturenames:
        shared = request.getfixturevalue("panel")
        shared.data.value = variance_numbers.SYNTHETIC
        shared.peakedness.value, shared.baseline.value, shared._seed = 1.0, False, 0
        for estimator, box in shared.toggles.items():
            box.value = estimator != "Outcome-PG"
        shared.k.value = 1
        shared.k.value = 20


def test_moving_k_changes_picture_and_sentence(panel):
    texts, pictures = set(), set()
    for k in (1, 5, 20, 99):
        panel.k.value = k
        assert panel.error == ""
        assert panel.text.startswith(f"K = {k}, n = 100: ")
        assert panel.picture.value == panel.png
        texts.add(panel.text)
        pictures.add(panel.png)
    assert len(texts) == len(pictures) == 4
    width, height = Image.open(io.BytesIO(panel.png)).size
    assert (width, height) == (1200, 550)


def test_every_control_changes_the_picture(panel):
    before = [panel.png]
    panel.peakedness.value = 2.0
    before.append(panel.png)
    panel.baseline.value = True
    before.append(panel.png)
    panel.toggles["Outcome-PG"].value = True
    before.append(panel.png)
    panel.new_noise.click()
    before.append(panel.png)
    panel.data.value = panel.data.options[1]
    before.append(panel.png)
    assert panel.error == ""
    assert len(set(before)) == 6


def test_numbers_agree_with_the_core(panel):
    panel.toggles["Outcome-PG"].value = True
    for baseline in (False, True):
        panel.baseline.value = baseline
        numbers = panel.numbers
        problem, k = numbers.problem, 20
        level = capg.policy_value(problem.logits, k, problem.mean_reward) if baseline else 0.0
        for estimator in ("Outcome-PG", "CA-PG"):
            exact = capg.exact_variance(problem.logits, k, problem.mean_reward, estimator, baseline=level)
            assert numbers.estimates[estimator].variance == pytest.approx(exact, rel=2e-3)
            mean = capg.expected_estimate(problem.logits, k, problem.mean_reward, estimator, baseline=level)
            assert numbers.estimates[estimator].mean == pytest.approx(mean, abs=2e-5)
        measured = capg.gradient_diagnostics(
            problem.logits,
            k,
            problem.mean_reward,
            "V-PG",
            baseline=level,
            n_samples=4000,
            rng=np.random.default_rng(5),
        )
        assert numbers.estimates["V-PG"].variance == pytest.approx(measured.variance, rel=0.15)


def test_lists_are_prefixes_so_the_noise_is_common():
    orders = variance_numbers.orders(variance_numbers.SYNTHETIC, 1.0, 0)
    again = variance_numbers.orders.__wrapped__(variance_numbers.SYNTHETIC, 1.0, 0)
    assert np.array_equal(orders, again)
    assert not np.array_equal(orders, variance_numbers.orders(variance_numbers.SYNTHETIC, 1.0, 1))
    assert np.array_equal(np.sort(orders, axis=1)[0], np.arange(100))
    # The first draw is a softmax.
    weights = np.exp(variance_numbers.load_problem(variance_numbers.SYNTHETIC).logits)
    frequency = np.bincount(orders[:, 0], minlength=100) / len(orders)
    assert np.abs(frequency - weights / weights.sum()).max() < 0.02


def test_coming_back_gives_the_same_picture(panel):
    panel.k.value = 20
    text, png = panel.text, panel.png
    panel.k.value = 50
    panel.new_noise.click()
    assert panel.text != text
    panel._seed = 0
    panel.k.value = 20
    assert (panel.text, panel.png) == (text, png)
    assert VariancePanel(k=20).text == text


def test_axes_are_fixed_while_k_moves(panel):
    axes = panel._clouds["V-PG"][0]
    limits = []
    for k in (1, 50):
        panel.k.value = k
        limits.append((axes.get_xlim(), axes.get_ylim(), panel._curve_axes.get_ylim()))
    assert limits[0] == limits[1]


def test_slider_end_follows_the_data(panel):
    panel.k.value = 99
    for name in panel.data.options[1:]:
        panel.data.value = name
        n_items = variance_numbers.load_problem(name).n_items
        assert 100 <= n_items <= 150
        assert panel.k.max == min(100, n_items - 1)
        assert panel.error == "" and f"n = {n_items}:" in panel.text


@pytest.mark.parametrize("peakedness", [0.1, 10.0])
@pytest.mark.parametrize("k", [1, 99])
def test_extremes_show_no_error_and_no_nan(panel, peakedness, k):
    panel.toggles["Outcome-PG"].value = True
    for name in panel.data.options:
        panel.data.value = name
        panel.peakedness.value = peakedness
        panel.k.value = k
        assert panel.error == ""
        assert "nan" not in panel.text


def test_an_exception_shows_in_the_panel_and_goes_away(panel):
    for box in panel.toggles.values():
        box.value = False
    assert "tick at least one" in panel.message.value
    panel.toggles["CA-PG"].value = True
    assert panel.error == "" and panel.message.value == ""
    assert "CA-PG" in panel.text and "V-PG" not in panel.text


def test_message_is_escaped(panel, monkeypatch):
    def fail(settings):
        raise RuntimeError("<b>broken</b> & more")

    monkeypatch.setattr(panel, "compute", fail)
    panel.k.value = 33
    assert "&lt;b&gt;broken&lt;/b&gt; &amp; more" in panel.message.value
    assert panel.error == "RuntimeError: <b>broken</b> & more"


def test_driven_from_four_threads_at_once(panel):
    wrong = []

    def drive(values):
        for value in values:
            panel.k.value = value
            if panel.error:
                wrong.append(panel.error)

    threads = [threading.Thread(target=drive, args=(range(start, 40, 4),)) for start in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    assert wrong == []
    # Whatever came last is what is shown, and it is what a panel that was never hurried shows.
    final = panel.k.value
    assert panel.text.startswith(f"K = {final}, ")
    quiet = VariancePanel(k=final)
    assert (panel.text, panel.png) == (quiet.text, quiet.png)


def test_static_bundle_shows_the_picture(panel):
    bundle = panel._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png"}
    assert bundle["text/plain"] == panel.text
    assert base64.b64decode(bundle["image/png"]) == panel.png


def test_bundle_has_the_widget_where_a_kernel_runs(panel, monkeypatch):
    monkeypatch.setattr("capg_core.classroom.panel.has_front_end", lambda: True)
    assert (
        panel._repr_mimebundle_()["application/vnd.jupyter.widget-view+json"]["model_id"]
        == panel.widget.model_id
    )


def test_picture_is_reachable_for_tests_and_readers(panel):
    assert "capg-picture" in panel.picture._dom_classes
    assert "capg-sentence" in panel.sentence._dom_classes
    assert "capg-message" in panel.message._dom_classes
    for control in (
        panel.k,
        panel.peakedness,
        panel.data,
        panel.baseline,
        panel.new_noise,
        *panel.toggles.values(),
    ):
        assert control.description


def test_pyplot_is_never_imported():
    for source in (ROOT / "capg_core" / "classroom").glob("*.py"):
        assert "import matplotlib.pyplot" not in source.read_text(encoding="utf-8"), source.name


def test_style_covers_every_estimator():
    assert set(LOOKS) == set(capg.ESTIMATORS)
    assert (
        len({look.colour for look in LOOKS.values()})
        == len({look.marker for look in LOOKS.values()})
        == len(LOOKS)
    )
    assert min(FONT.values()) >= 13
    with pytest.raises(ValueError, match="'PG'"):
        look_of("PG")
    placed = sorted(spread([0.1, 0.1, 0.95, 1.0], 0.1, 0.0, 1.0))
    assert min(np.diff(placed)) >= 0.1 - 1e-12 and placed[-1] <= 1.0


def test_prediction_is_kept_until_the_reveal():
    ask = Predict("Which?", ["this", "that"])
    assert ask.reveal("this") == "You recorded no guess. The answer: this."
    ask.button.click()
    assert "Choose one" in ask.state.value
    ask.choice.value = "that"
    ask.button.click()
    assert ask.guess == "that"
    assert ask.reveal("this") == "You guessed: that. The answer: this."
    assert ask._repr_mimebundle_()["text/plain"] == ask.text
    with pytest.raises(ValueError, match="'neither'"):
        ask.reveal("neither")


def test_readme_picture_is_fresh(tmp_path):
    assert readme_picture.what_is_stale(ROOT / readme_picture.PICTURE) == ""
    old = tmp_path / "old.png"
    Image.new("RGB", (1200, 550), "white").save(old)
    assert "numbers changed" in readme_picture.what_is_stale(old)
    assert "missing" in readme_picture.what_is_stale(tmp_path / "none.png")


def test_stored_outputs_hold_no_dead_widgets():
    # A stored widget view wins over the picture beside it, and no kernel is there to draw it.
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
            for output in cell.get("outputs", []):
                assert WIDGET_VIEW not in output.get("data", {}), (
                    f"{path.name}: drop it in execute_notebooks.clean"
                )


@pytest.mark.parametrize("name", ["predict", "style", "variance_panel"])
def test_docstring_examples_run(name):
    module = importlib.import_module(f"capg_core.classroom.{name}")
    found = doctest.testmod(module)
    assert found.attempted > 0 and found.failed == 0
