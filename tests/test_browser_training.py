"""The training race in JupyterLab in a real browser: start, watch the curves grow, stop; again by keyboard."""

import time

import pytest
from browser import PanelInPage, error_outputs, open_notebook, run_all
from browser_boxes import cells, press_on_every_control, scrollbars, unnamed_pictures

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(lab_page):
    page, address = lab_page
    open_notebook(page, address, "07_training_race.ipynb")
    run_all(page)
    return page


class Race(PanelInPage):
    """The first training panel of the page."""

    def __init__(self, page):
        super().__init__(page)
        self.start = self.box.locator("button", has_text="Start").first
        self.stop = self.box.locator("button", has_text="Stop").first
        self.status = self.box.locator(".capg-status")
        self.bar = self.box.locator(".capg-progress .progress-bar")
        self.steps = self.box.get_by_label("Steps", exact=True)

    def wait_for_status(self, words, seconds=20):
        deadline = time.monotonic() + seconds
        while words not in self.status.inner_text():
            assert time.monotonic() < deadline, f"{words!r} not in {self.status.inner_text()!r}"
            self.page.wait_for_timeout(20)

    def progress(self):
        return self.bar.evaluate("bar => parseFloat(bar.style.width)")

    def pictures(self, seconds):
        """Count the different pictures that the page shows in some seconds, frame by frame."""
        return self.picture.evaluate(
            """(img, ms) => new Promise(done => {
                const seen = new Set(), end = performance.now() + ms;
                const look = () => {
                    seen.add(img.src);
                    if (performance.now() > end) done(seen.size - 1); else requestAnimationFrame(look);
                };
                look();
            })""",
            1000 * seconds,
        )


@pytest.fixture
def race(page):
    race = Race(page)
    race.steps.select_option("20,000")
    yield race
    race.stop.click()
    race.page.wait_for_timeout(300)


def test_run_all_gives_no_error(page):
    assert error_outputs(page) == []
    assert "After 20,000 steps at K = 10" in Race(page).sentence.inner_text()


def test_start_draws_while_it_trains_and_stop_stops(race, measured):
    before = race.state()
    race.start.click()
    race.wait_for_status(" left")
    first = race.progress()
    drawn = race.pictures(4)
    assert drawn > 4
    assert race.progress() > first
    race.wait_for_change(before)  # the sentence as well
    begin = time.monotonic()
    race.stop.click()
    race.wait_for_status("stopped")
    took = time.monotonic() - begin
    still = race.state()[0]
    race.page.wait_for_timeout(700)
    assert race.state()[0] == still, "the picture still changes after Stop"
    assert error_outputs(race.page) == []
    measured(f"{drawn / 4:.1f} pictures a second in the page; {1000 * took:.0f} ms from Stop to 'stopped'")


def test_start_again_by_keyboard_with_another_k(race):
    race.slider.locator(".noUi-handle").focus()
    race.page.keyboard.press("ArrowRight")
    race.page.wait_for_timeout(300)
    race.start.focus()
    race.page.keyboard.press("Enter")
    race.wait_for_status(" left")
    assert race.pictures(2) > 1
    race.page.keyboard.press("Tab")
    focused = race.page.evaluate("() => document.activeElement.textContent")
    assert focused == "Stop", "Tab goes from Start to Stop"
    race.page.keyboard.press("Enter")
    race.wait_for_status("stopped")
    assert "at K = 20 " in race.sentence.inner_text()
    assert error_outputs(race.page) == []


def test_what_the_status_line_says_does_not_move_the_figure(race):
    where = "img => img.getBoundingClientRect().top + document.querySelector('.jp-WindowedPanel-outer').scrollTop"
    tops = {race.picture.evaluate(where)}
    race.start.click()
    race.wait_for_status("preparing")
    tops.add(race.picture.evaluate(where))
    race.wait_for_status(" left")
    tops.add(race.picture.evaluate(where))
    race.steps.select_option("5,000")  # the longest that is said: the settings were changed
    race.wait_for_status("Start trains with the new ones")
    tops.add(race.picture.evaluate(where))
    race.stop.click()
    race.wait_for_status("stopped")
    tops.add(race.picture.evaluate(where))
    assert max(tops) - min(tops) < 1, tops


def test_nothing_scrolls_sideways_and_every_picture_has_words(page):
    assert scrollbars(page) == []
    pictures, unnamed = unnamed_pictures(page)
    assert pictures > 0 == unnamed


def test_no_control_lets_a_key_through(page):
    before = cells(page)
    assert press_on_every_control(page) >= 12
    assert cells(page) == before


def test_after_a_restart_of_the_kernel_panel_and_prediction_say_so(page):
    boxes = "document.querySelectorAll('.capg-box')"
    said = f"() => [...{boxes}].map(box => getComputedStyle(box, '::before').content)"
    assert page.evaluate(f"() => {boxes}.length") >= 2
    assert not any("restarted" in words for words in page.evaluate(said))
    page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.restart()")
    deadline = time.monotonic() + 30
    while not all("The kernel was restarted" in words for words in page.evaluate(said)):
        assert time.monotonic() < deadline, page.evaluate(said)
        page.wait_for_timeout(200)
