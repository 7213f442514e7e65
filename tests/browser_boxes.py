"""What the browser tests ask of all panels and predictions on a page: keys, widths, words for pictures."""

from browser import VIEW


def cells(page):
    """Return what the notebook's cells are: the kind of each, in order, and which one is being edited."""
    return page.evaluate(
        """() => [...document.querySelectorAll('.jp-Notebook .jp-Cell')].map(cell =>
            [...cell.classList].filter(name => /^jp-(Code|Raw|Markdown)Cell$|jp-mod-editMode/.test(name)).join())"""
    )


BOXES = ".capg-box"


def scrollbars(page, widths=(1400, 1280, 1024, 800, 640)):
    """Return (width, class) of what scrolls sideways in or around a panel or a prediction at these page widths."""
    found = []
    for width in widths:
        page.set_viewport_size({**VIEW, "width": width})
        page.wait_for_timeout(300)
        found += page.evaluate(
            """([width, boxes]) => [...document.querySelectorAll(`${boxes}, ${boxes} *`)]
                .filter(e => e.clientWidth && e.scrollWidth > e.clientWidth)
                .filter(e => ['auto', 'scroll'].includes(getComputedStyle(e).overflowX))
                .map(e => [width, e.className])""",
            [width, BOXES],
        )
    page.set_viewport_size(VIEW)
    page.wait_for_timeout(300)
    return found


def unnamed_pictures(page):
    """Return how many pictures of panels there are, and how many of them have no words."""
    return page.evaluate(
        """() => { const all = [...document.querySelectorAll('img.capg-picture')];
            return [all.length, all.filter(img => !img.alt || img.alt.startsWith('A figure')).length]; }"""
    )


def picture_at(page, width, ratio):
    """Show the page at a width in CSS pixels and so many device pixels for one; return the first picture's own width.

    Waits until the kernel has answered what the page told it.
    """
    session = page.context.new_cdp_session(page)
    metrics = {"width": width, "height": VIEW["height"], "deviceScaleFactor": ratio, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", metrics)
    page.wait_for_timeout(2500)
    found = page.locator("img.capg-picture").first.evaluate("img => img.naturalWidth")
    session.send("Emulation.clearDeviceMetricsOverride")
    session.detach()
    return found


CONTROLS = "input, select, button, [role=slider], .noUi-handle"


def press_on_every_control(page, keys=("r", "b", "y", "m", "ArrowDown", "ArrowUp", "Shift+M")):
    """Press keys with the focus on every control of every panel and prediction; return how many had the focus.

    Numbers and words can be typed into a field, and Space and Enter would press a button: these are not pressed.
    """
    controls, focused = page.locator(BOXES).locator(CONTROLS), 0
    for i in range(controls.count()):
        control = controls.nth(i)
        if not control.is_visible() or not control.is_enabled():
            continue
        control.focus()
        if not control.evaluate("element => element === document.activeElement"):
            continue
        focused += 1
        for key in keys:
            page.keyboard.press(key)
    return focused
