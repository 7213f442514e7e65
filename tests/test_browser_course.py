"""Every other notebook in JupyterLab in a real browser: run all, then move its panel by keyboard, and back."""

from pathlib import Path

import pytest
from axe import IN_LAB, violations
from browser import PanelInPage, error_outputs, open_notebook, run_all
from browser_boxes import cells, press_on_every_control, scrollbars, unnamed_pictures

pytestmark = pytest.mark.browser
# the first and the race have browser tests of their own
ELSEWHERE = ("00_start_here", "07_training_race")
STEMS = sorted(path.stem for path in (Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("stem", [stem for stem in STEMS if stem not in ELSEWHERE])
def test_notebook_runs_and_its_panel_moves(lab_page, stem):
    page, address = lab_page
    open_notebook(page, address, f"{stem}.ipynb")
    run_all(page)
    assert error_outputs(page) == []
    panel = PanelInPage(page)
    before = panel.state()
    at_its_end = panel.handle.get_attribute("aria-valuenow") == panel.handle.get_attribute("aria-valuemax")
    there, back = ("ArrowLeft", "ArrowRight") if at_its_end else ("ArrowRight", "ArrowLeft")
    panel.press(there)
    after = panel.wait_for_change(before)
    panel.press(back)
    # the same noise at every setting: back at the same one, the same sentence
    assert panel.wait_for_change(after)[1] == before[1]
    assert error_outputs(page) == []
    found = cells(page)
    assert press_on_every_control(page) >= 5
    assert cells(page) == found, "a key pressed on a control reached the notebook"
    assert scrollbars(page) == []
    assert violations(page, ".capg-box", IN_LAB) == []
    pictures, unnamed = unnamed_pictures(page)
    assert pictures > 0 == unnamed


def test_the_race_plays_by_mouse_and_by_keyboard(lab_page):
    page, address = lab_page
    open_notebook(page, address, "02_the_race.ipynb")
    run_all(page)
    panel, buttons = PanelInPage(page), page.locator(".capg-box .widget-play button")
    named = [buttons.nth(i).evaluate("button => button.ariaLabel") for i in range(2)]
    assert named == ["Play or pause", "Stop, and begin again"]
    for press in (buttons.first.click, lambda: (buttons.first.focus(), page.keyboard.press("Enter"))):
        before = panel.state()
        press()
        after = panel.wait_for_change(before)
        panel.wait_for_change(after)  # it goes on by itself
        press()
        page.wait_for_timeout(2000)
        resting = panel.state()
        page.wait_for_timeout(1500)
        assert panel.state() == resting
    if "at t = 0.000" in resting[1]:  # it came to rest where a new race opens, and is to begin again from elsewhere
        page.locator(".capg-box button", has_text="Step").first.click()
        resting = panel.wait_for_change(resting)
    buttons.nth(1).click()
    start = panel.wait_for_change(resting)
    assert "at t = 0.000, and nobody is in" in start[1]
    page.locator(".capg-box button", has_text="Step").first.focus()
    page.keyboard.press("Enter")
    assert "nobody" not in panel.wait_for_change(start)[1]
    assert error_outputs(page) == []
