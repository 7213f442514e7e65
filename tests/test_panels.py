"""What holds of every panel: controls move picture and sentence and come back, extremes, bad input, static bundle."""

import asyncio
import base64
import dataclasses
import doctest
import html
import importlib
import io
import pkgutil
from concurrent.futures import ThreadPoolExecutor

import class_bench
import numpy as np
import pytest
from panels import CASES, STILL, first_values, fresh, make, put, put_all
from PIL import Image

from capg_core import classroom
from capg_core.classroom import racing
from capg_core.classroom.controls import Control, widgets_of
from capg_core.classroom.lessons.n08_real_ratings.numbers import Setting as RecommendationSetting
from capg_core.classroom.panel import Panel
from capg_core.classroom.pixels import as_png
from capg_core.classroom.problem import ToDo

MODULES = [
    found.name for found in pkgutil.walk_packages(classroom.__path__, "capg_core.classroom.") if not found.ispkg
]
WITH_EXAMPLES = (
    *(name for name in MODULES if name.endswith(".panel") and "lessons" in name),
    *(f"capg_core.classroom.{name}" for name in ("predict", "page", "pixels", "drawing", "words")),
    "capg_core.classroom.lessons.n01_two_stage_ranking.numbers",
    "capg_core.classroom.lessons.n02_the_race.numbers",
    "capg_core.classroom.lessons.n05_bias_and_alignment.numbers",
    "capg_core.classroom.lessons.n07_training_race.numbers",
    "capg_core.classroom.lessons.n08_real_ratings.numbers",
    "capg_core.classroom.lessons.n09_mixture_of_experts.numbers",
    *(f"capg_core.classroom.lessons.n10_the_last_place.{name}" for name in ("numbers", "second_best", "pictures")),
)
every_panel = pytest.mark.parametrize("name", CASES)
every_still_panel = pytest.mark.parametrize("name", STILL)


@every_still_panel
def test_every_control_changes_picture_and_sentence(name):
    panel, case = fresh(name), CASES[name]
    pictures, texts = {panel.png}, {panel.text}
    moves = [*case.changes, *case.silent]
    assert {control for control, _ in moves} == set(panel._fields.values())
    for n, (control, value) in enumerate(moves, 2):
        put(panel, control, value)
        pictures.add(panel.png)
        texts.add(panel.text)
        assert panel.error == "" and panel.picture.value == panel.png
        assert len(pictures) == n, (control, value)
        assert len(texts) == min(n, len(case.changes) + 1), (control, value)
    getattr(panel, case.noise).click()
    assert panel.png not in pictures and panel.error == ""
    assert not case.noise_speaks or panel.text not in texts


def offered(widget):
    """Return what a control lets one choose, or a sample of it."""
    if hasattr(widget, "options"):
        return [option[1] if isinstance(option, tuple) else option for option in widget.options]
    if hasattr(widget, "base"):
        return [widget.base**widget.min, 1.0, widget.base**widget.max]
    if hasattr(widget, "min"):
        return [widget.min, (widget.min + widget.max) // 2, widget.max]
    return [False, True]


@every_still_panel
def test_no_click_gives_an_error(name):
    """Forty clicks one after the other on what the controls offer, in any order: a message at most."""
    panel, rng = fresh(name), np.random.default_rng(0)
    widgets = [w for control in panel._fields.values() for w in widgets_of(getattr(panel, control))]
    for _ in range(40):
        widget = widgets[rng.integers(len(widgets))]
        choices = offered(widget)
        widget.value = choices[rng.integers(len(choices))]
        assert panel.error == "" and "alert" not in panel.message.value, (widget.description, widget.value)
    fresh(name)


@every_still_panel
def test_coming_back_gives_the_same_picture(name):
    panel, case = fresh(name), CASES[name]
    first = panel.text, panel.png
    for control, value in [*case.changes, *case.silent]:
        values = first_values(panel)
        before = panel.png
        put(panel, control, value)
        assert panel.png != before
        put_all(panel, values)
        assert panel.png == before
        put(panel, control, value)
    getattr(panel, case.noise).click()
    fresh(name)
    assert (panel.text, panel.png) == first
    new = make(name)
    assert (new.text, new.png) == first


@every_still_panel
def test_extremes_show_no_error_and_no_nan(name):
    panel = fresh(name)
    for values in CASES[name].extremes:
        put_all(panel, values)
        assert panel.error == "", values
        assert not any(word in panel.text for word in CASES[name].never), values


@pytest.mark.parametrize(("name", "bad", "said"), [(name, *bad) for name in STILL for bad in CASES[name].bad])
def test_bad_input_shows_in_the_message_and_goes_away(name, bad, said, monkeypatch):
    panel = fresh(name)
    setting = dataclasses.replace(panel.settings(), **bad)
    with pytest.raises(ValueError) as error:
        panel.lesson.numbers_at(setting)
    assert said in str(error.value)
    monkeypatch.setattr(panel, "settings", lambda: setting)
    panel.refresh()
    assert html.escape(said) in panel.message.value
    # what is still to be chosen is said, and is no error
    asked = isinstance(error.value, ToDo)
    assert panel.error == ("" if asked else f"ValueError: {error.value}") and ("alert" in panel.message.value) != asked
    monkeypatch.undo()
    panel.refresh()
    assert panel.error == panel.message.value == ""


@every_still_panel
def test_a_slider_let_too_far_shows_a_message(name):
    panel = fresh(name)
    end, value, too_many = panel.k.max, panel.k.value, 500
    panel.k.max = panel.k.value = too_many
    assert f"K is {too_many}; expected 1 to " in panel.message.value
    panel.k.value, panel.k.max = value, end
    assert panel.error == "" and panel.message.value == ""


@every_panel
def test_static_bundle_has_picture_and_sentence(name):
    panel = fresh(name)
    bundle, metadata = panel._repr_mimebundle_()
    assert set(bundle) == {"text/plain", "image/png"}
    assert metadata == {"image/png": {"alt": panel.text}}
    assert f'data-shows="{html.escape(panel.shows)} ' in panel.widget.children[-1].value != Panel.shows
    assert bundle["text/plain"] == panel.text != ""
    assert base64.b64decode(bundle["image/png"]) == panel.png == panel.picture.value
    assert Image.open(io.BytesIO(panel.png)).size == CASES[name].size


@pytest.mark.parametrize("shape", [(1, 1), (2, 7), (90, 300)])
def test_png_is_the_picture_to_the_pixel(shape):
    rng = np.random.default_rng(0)
    noise = rng.integers(256, size=(*shape, 4), dtype=np.uint8)
    flat = np.repeat(noise[:, :1], shape[1], axis=1)
    for pixels in (noise, flat):
        picture = Image.open(io.BytesIO(as_png(pixels)))
        picture.verify()  # the checksums
        read = np.asarray(Image.open(io.BytesIO(as_png(pixels))))
        assert picture.mode == "RGB" and np.array_equal(read, pixels[..., :3])


@every_panel
def test_the_picture_is_what_was_drawn(name):
    panel = fresh(name)
    drawn = np.asarray(panel.canvas.buffer_rgba())
    assert (drawn[..., 3] == 255).all()  # so opacity can be left out
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(panel.png))), drawn[..., :3])


def said(width, ratio):
    return f"{width} {ratio}"


@every_panel
def test_the_picture_has_the_pixels_of_the_page_and_is_folded_on_a_narrow_one(name):
    panel = fresh(name)
    first, (width, height), cut = panel.png, CASES[name].size, panel.cut
    folded = (width, height) if cut is None else (round(max(cut, 1 - cut) * width), 2 * height)
    for css, ratio, (wide, high), scale in (
        (848, 1, (width, height), 1), (848, 2, (width, height), 1.5), (1200, 2, (width, height), 2),
        (1200, 4, (width, height), 2), (500, 1, folded, 1), (300, 2, folded, 1),
    ):  # fmt: skip
        panel._page.value = said(css, ratio)
        size = Image.open(io.BytesIO(panel.png)).size
        assert size == pytest.approx((wide * scale, high * scale), abs=1), (css, ratio)
        assert panel.error == "" and panel.picture.value == panel.png
    panel._page.value = said(1200, 1)
    assert panel.png == first


@pytest.mark.parametrize("name", [name for name in CASES if getattr(classroom, name).cut is not None])
def test_nothing_crosses_the_cut(name):
    panel, case = fresh(name), CASES[name]
    at = round(panel.cut * case.size[0])
    settings = [{control: value} for control, value in [*case.changes, *case.silent]] + case.extremes[::2]
    for values in [{}, *settings]:
        put_all(panel, values)
        pixels = np.asarray(panel.canvas.buffer_rgba())
        assert (pixels[:, at - 2 : at + 2, :3] == 255).all(), values
    fresh(name)


@every_panel
def test_every_control_is_named_and_has_one_place(name):
    panel = fresh(name)
    assert sorted(" ".join(panel.rows).split()) == sorted(panel._declared)
    for control in (control for control in panel._declared if control not in ("bar", "status")):
        made = getattr(panel, control)
        assert not isinstance(made, Control)
        for widget in made.values() if isinstance(made, dict) else [made]:
            assert widget.description


@every_still_panel
def test_a_keyword_of_the_panel_is_what_a_control_begins_with(name):
    panel, case = fresh(name), CASES[name]
    for field, control in panel._fields.items():
        value = dict([*case.changes, *case.silent])[control]
        start = {field: tuple(value) if isinstance(value, dict) else value}
        new = type(panel)(**{**case.start, **start})
        assert getattr(new.settings(), field) == start[field] and new.error == ""
        assert getattr(panel.settings(), field) != start[field]
    with pytest.raises(TypeError, match=f"{name} has no 'kay'; expected some of .*k"):
        type(panel)(kay=3)


@every_still_panel
def test_settings_are_filled_by_keyword(name):
    """Two panels once swapped a field, and nobody noticed."""
    setting = fresh(name).settings()
    with pytest.raises(TypeError):
        type(setting)(*dataclasses.astuple(setting))
    assert type(setting)(**{f.name: getattr(setting, f.name) for f in dataclasses.fields(setting)}) == setting


@pytest.mark.parametrize("setting", [racing.Setting, RecommendationSetting])
def test_settings_of_trainings_are_filled_by_keyword(setting):
    assert all(field.kw_only for field in dataclasses.fields(setting))


def test_a_choice_that_is_not_offered_is_named():
    with pytest.raises(ValueError, match="Rung is 'PG'; expected one of V-PG"):
        classroom.LadderPanel(rung="PG")
    with pytest.raises(ValueError, match="shown has 'PG'; expected some of V-PG"):
        classroom.VariancePanel(shown=("PG",))


def test_a_panel_draws_when_its_own_constructor_is_done():
    class Counting(Panel):
        def __init__(self):
            super().__init__()
            self.ready = True
            self.refresh()

        def settings(self):
            return self.ready

        def __getattribute__(self, name):
            if name in ("settings", "compute", "background_key", "draw_background", "draw_moving", "describe"):
                assert object.__getattribute__(self, "__dict__").get("ready"), f"{name} is asked too early"
            return object.__getattribute__(self, name)

    Counting()


def test_every_public_name_is_there():
    assert set(classroom.__all__) == {*CASES, "Predict", "check", "pictures_of"} <= set(dir(classroom))
    assert callable(classroom.check) and classroom.Predict
    with pytest.raises(AttributeError, match="'Nothing'"):
        classroom.Nothing  # noqa: B018


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    found = doctest.testmod(importlib.import_module(name))
    assert found.failed == 0
    assert found.attempted > 0 or name not in WITH_EXAMPLES


def in_a_thread(call):
    """Call where no event loop runs: a browser test of the same worker leaves one running in the main thread."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


@pytest.mark.slow
def test_the_class_bench_moves_a_panel_through_its_kernel(capsys):
    in_a_thread(lambda: class_bench.class_times(1, count=2, pause=0.0))
    said = capsys.readouterr().out
    assert "one move of K, 2 in each kernel" in said and "MB resident" in said


@pytest.mark.slow
def test_the_class_bench_leaves_no_kernel_behind(monkeypatch):
    monkeypatch.setattr(class_bench, "sources", lambda: ["1 / 0"])
    students = [class_bench.Student() for _ in range(2)]
    with pytest.raises(ExceptionGroup) as error:
        in_a_thread(lambda: asyncio.run(class_bench.attend(students, 1, 0.0)))
    assert "division by zero" in str(error.value.exceptions[0])
    assert not any(student._manager.has_kernel for student in students)
