"""The folder of pages in a real browser, with the network off: controls, keys, themes, phone, projector, paper."""

import io
import random
import statistics

import pytest

pytest.importorskip("latex2mathml", reason="latex2mathml is not installed; run: pip install -e '.[test]'")

from axe import violations
from site_pages import NAMES, NOTEBOOKS, alive, built, move, new_panel, table_of

from capg_core.classroom.prediction import predictions_of
from capg_core.classroom.site.grid import offers_of

pytestmark = pytest.mark.browser
PAGES = ["index", "reference", "ACCESSIBILITY", *NAMES, *(path.stem for path in sorted(NOTEBOOKS.glob("*.md")))]
N_STATES = 50


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return built(tmp_path_factory.mktemp("site") / "pages")


class Visit:
    """A page of the folder, offline; what it asks for and what it complains of."""

    def __init__(self, browser, folder, **how):
        self.folder = folder
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, "offline": True, **how})
        self.page, self.asked, self.said = self.context.new_page(), [], []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def go(self, name, more=""):
        self.page.goto(f"{(self.folder / name).with_suffix('.html').as_uri()}{more}")
        return self.page

    def complaints(self):
        """Return what was said on the console, and what was asked for outside of the folder."""
        outside = [url for url in self.asked if not url.startswith((self.folder.as_uri(), "data:"))]
        return self.said + outside


@pytest.fixture
def visit(browser, folder):
    visit = Visit(browser, folder[0])
    yield visit
    visit.context.close()
    assert visit.complaints() == []


@pytest.fixture(scope="module")
def first(folder):
    """The first panel that is alive: its notebook's page, its folder's name, its table."""
    name, grid, start = alive(folder[1])[0]
    return next(n for n in NAMES if n.startswith(name[:2])), name, table_of(folder[0], name)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_is_quiet_and_accessible(browser, folder, scheme):
    """No console message, no request outside, no violation of WCAG 2.1 AA, also with all that folds unfolded."""
    visit, found = Visit(browser, folder[0], color_scheme=scheme), {}
    for name in PAGES:
        page = visit.go(name)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = !d.matches('.menu'); })")
        page.wait_for_timeout(200)
        if bad := violations(page, "html"):
            found[name] = bad
    page = visit.go(NAMES[0])
    page.locator(".menu > summary").click()
    if bad := violations(page, ".bar"):
        found["menu"] = bad
    visit.context.close()
    assert found == {}
    assert visit.complaints() == []


@pytest.mark.parametrize("width", [320, 390, 900, 1280, 1920])
def test_no_page_scrolls_sideways(browser, folder, width):
    visit = Visit(browser, folder[0], viewport={"width": width, "height": 850})
    wide = []
    for name in PAGES:
        page = visit.go(name)
        page.evaluate("document.querySelectorAll('details').forEach(d => { d.open = !d.matches('.menu'); })")
        if page.evaluate("document.documentElement.scrollWidth > innerWidth"):
            wide.append(name)
    visit.context.close()
    assert wide == []


def at(name):
    """Return a selector of an element by its name, which may begin with a digit."""
    return f"[id='{name}']"


def state_of(page, name, table):
    """Return what the controls, the picture and the sentence of a panel are now."""
    return page.evaluate(
        """([name, controls]) => {
            const byName = name => document.getElementById(name), figure = byName(name);
            const field = (c, more = '') => byName(`${name}-${c.name}${more}`);
            const at = controls.map(c => {
                if (c.kind === 'check') return Number(field(c).checked);
                if (c.kind === 'select') return field(c).selectedIndex;
                if (c.kind === 'draws') return parseInt(field(c).nextElementSibling.textContent) - 1;
                if (c.kind === 'checks') {
                    const on = c.parts.filter((part, i) => field(c, `-${i}`).checked).join();
                    return c.ticked.findIndex(set => set.join() === on);
                }
                return Number(field(c).value);
            });
            const image = figure.querySelector('.picture img'), text = figure.querySelector('.sentence').textContent;
            return { at, src: image.getAttribute('src'), alt: image.alt, text };
        }""",
        [name, table["controls"]],
    )


def test_random_moves_show_the_panels_own_picture_and_sentence(browser, folder, measured):
    """50 random moves of each panel's controls: what is shown is stored for what the controls then say, and is the
    panel's own (`test_site` draws the states anew)."""
    rng, times = random.Random(1), []
    for name, _grid, _start in alive(folder[1]):
        visit, table = Visit(browser, folder[0]), table_of(folder[0], name)
        page = visit.go(next(n for n in NAMES if n.startswith(name[:2])))
        n = len(table["controls"])
        by_key = {tuple(state[:n]): state for state in table["states"]}
        for _ in range(N_STATES):
            control = rng.choice(table["controls"])
            time = move(page, name, control, rng.randrange(len(control["words"])))
            times += [time] if time is not None else []
            now = state_of(page, name, table)
            state = by_key[tuple(now["at"])]
            assert now["src"] == f"panels/{name}/{table['files'][state[n]]}"
            assert now["text"] == now["alt"] == table["says"][state[n + 1]]
        assert visit.complaints() == []
        visit.context.close()
    assert len(times) >= N_STATES // 3
    measured(f"pages, input to picture: median {statistics.median(times):.0f} ms of {len(times)} (budget 50 ms)")


def test_the_page_names_settings_as_the_panel_does(folder):
    for name, grid, start in alive(folder[1]):
        offers = offers_of(new_panel(grid, start))
        for control in table_of(folder[0], name)["controls"]:
            if control["name"] in offers:
                assert control["label"] == offers[control["name"]].label


def test_the_keyboard_alone_moves_every_control(visit, first):
    notebook, name, table = first
    page = visit.go(notebook)
    page.locator(at(name)).scroll_into_view_if_needed()
    reached = set()
    page.locator(".skip").focus()
    for _ in range(400):
        page.keyboard.press("Tab")
        found = page.evaluate("() => document.activeElement.closest('.controls') && document.activeElement.id")
        if found:
            reached.add(found)
        elif reached:
            break
    for control in table["controls"]:
        field = f"{name}-{control['name']}"
        assert any(seen == field or seen.startswith(f"{field}-") for seen in reached), field
        before = state_of(page, name, table)
        page.locator(f"{at(field)} input, {at(field)}").first.focus()
        keys = {"check": "Space", "checks": "Space", "draws": "Enter"}
        page.keyboard.press(
            keys.get(control["kind"], "ArrowRight" if control["at"] + 1 < len(control["words"]) else "ArrowLeft")
        )
        page.wait_for_timeout(400)
        assert state_of(page, name, table) != before, field


def test_a_guess_is_answered_and_revealed(visit, folder):
    page = visit.go(NAMES[0])
    key, asked = next(iter(predictions_of(NAMES[0][:2]).items()))
    form = page.locator(f"#predict-{key}")
    said, options = form.locator(".said"), [option.words for option in asked.options]
    form.get_by_role("button").click()
    assert said.inner_text() == "Choose one of the options first."
    wrong = next(option.words for option in asked.options if not option.holds)
    form.get_by_label(wrong, exact=True).check()
    assert said.inner_text() == ""
    form.get_by_role("button").press("Enter")
    assert said.text_content() == asked.said_of(wrong)
    form.get_by_label(options[-1] if options[-1] != wrong else options[0], exact=True).check()
    assert said.text_content().startswith(f"Your recorded guess stays: {wrong}.")
    for reveal in page.locator(f".reveal[data-key='{key}']").all():
        assert reveal.text_content() == asked.said_of(wrong)


def test_the_theme_can_be_chosen(visit):
    page = visit.go("index")
    colour = "() => getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(colour)
    page.get_by_role("button", name="Dark").click()
    assert page.evaluate(colour) != before
    visit.go("GLOSSARY")
    assert page.evaluate(colour) != before, "the next page has forgotten it"
    page.get_by_role("button", name="Light").click()
    assert page.evaluate(colour) == before


def test_a_picture_is_folded_on_a_phone(browser, folder, first):
    notebook, name, _ = first
    visit = Visit(browser, folder[0], viewport={"width": 390, "height": 850})
    page = visit.go(notebook)
    panel = next((grid, start) for found, grid, start in alive(folder[1]) if found == name)
    halves = page.locator(f"{at(name)} .half")
    boxes = [box for half in halves.all() if (box := half.bounding_box())]
    visit.context.close()
    if new_panel(*panel).cut is None:
        assert len(boxes) == 1
    else:
        assert len(boxes) == 2 and boxes[1]["y"] >= boxes[0]["y"] + boxes[0]["height"] - 1
        assert all(box["x"] >= 0 and box["x"] + box["width"] <= 391 for box in boxes)


def test_the_projector_shows_one_part_and_keys_move_the_slider(visit, first):
    notebook, name, table = first
    page = visit.go(notebook, "?present")
    seen = []
    for _ in range(100):
        seen.append(page.locator("main .slide:visible").count())
        if page.locator(at(name)).is_visible():
            break
        page.keyboard.press("PageDown")
    assert set(seen) == {1} and page.locator(at(name)).is_visible()
    box = page.locator(f"{at(name)} .picture").bounding_box()
    assert box["y"] + box["height"] <= 900 and max(box["width"] / 1280, box["height"] / 900) > 0.6
    before = state_of(page, name, table)
    main = [control["name"] for control in table["controls"]].index(table["main"])
    key = "ArrowUp" if before["at"][main] + 1 < len(table["controls"][main]["words"]) else "ArrowDown"
    page.keyboard.press(key)
    page.wait_for_timeout(400)
    after = state_of(page, name, table)
    assert after["at"] != before["at"] and after["src"] != before["src"]
    page.keyboard.press("PageUp")
    assert not page.locator(at(name)).is_visible()
    page.keyboard.press("Escape")
    page.wait_for_url(lambda url: "present" not in url)
    assert page.locator(at(name)).is_visible()


def test_paper_has_blank_predictions_and_answers_on_the_last_page(visit):
    pypdf = pytest.importorskip("pypdf", reason="pypdf is not installed; run: pip install -e '.[test]'")
    page = visit.go(NAMES[0])
    key, asked = next(iter(predictions_of(NAMES[0][:2]).items()))
    page.locator(f"#predict-{key}").get_by_label(asked.options[0].words, exact=True).check()
    page.locator(f"#predict-{key}").get_by_role("button").click()
    printed = pypdf.PdfReader(io.BytesIO(page.pdf(format="A4")))
    texts = [" ".join(sheet.extract_text().split()) for sheet in printed.pages]
    told = " ".join(asked.answer.said.split())[:40]
    assert "Answers to the predictions" in texts[-1] and told in texts[-1]
    assert not any(told in text or "You guessed" in text for text in texts[:-1])
    assert any("Record" not in text and asked.options[0].words in text for text in texts[:-1])
