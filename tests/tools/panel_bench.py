"""How long the panels take: a setting that is new, one that was seen, and from key to picture in a browser."""

import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import ipywidgets as widgets
from browser import NOTEBOOKS, NoBrowser, PanelInPage, chromium, lab, open_notebook, run_all
from panels import STILL, make

from capg_core.classroom import VariancePanel

DRAGGED = [(path.name, int(path.name.startswith("00"))) for path in sorted(NOTEBOOKS.glob("[01]*.ipynb"))]
_SLIDERS = (widgets.IntSlider, widgets.FloatSlider, widgets.FloatLogSlider, widgets.SelectionSlider)


def _places(slider, n=12):
    """Return values spread over a slider, in an order in which neighbours are far apart."""
    if isinstance(slider, widgets.SelectionSlider):
        values = [option[1] if isinstance(option, tuple) else option for option in slider.options]
    else:
        steps = round((slider.max - slider.min) / slider.step)
        values = [slider.min + slider.step * i for i in np.unique(np.linspace(0, steps, n).astype(int))]
        if isinstance(slider, widgets.FloatLogSlider):
            values = [slider.base**value for value in values]
    return values[::2] + values[1::2]


def _visit(slider, values):
    """Set a slider to each value; return the processor's milliseconds for each."""
    times = []
    for value in values:
        start = time.process_time()
        slider.value = value
        times.append(1e3 * (time.process_time() - start))
    return times


def visit_times():
    """Report, for every slider of every panel, what a first visit costs, and a second one."""
    print("panels, processor time of one move in ms (computed, drawn, encoded): first visit median and most, second")
    for name in STILL:
        panel = make(name)
        for control in panel._fields.values():
            slider = getattr(panel, control)
            if not isinstance(slider, _SLIDERS):
                continue
            values, before = _places(slider), slider.value
            first, second = _visit(slider, values), _visit(slider, values)
            slider.value = before
            waits = "" if slider.continuous_update else "   (waits until the mouse lets go)"
            print(
                f"  {name:<18}{control:<14}{np.median(first):>6.0f}{max(first):>6.0f}{np.median(second):>6.0f}"
                f"   first visits at most 100{waits}"
            )


def key_times():
    """Report how long the headline panel takes for one step of K, in Python and in a browser."""
    panel, times = VariancePanel(k=10), []
    for k in range(11, 31):
        start = time.perf_counter()
        panel.k.value = k
        times.append(1e3 * (time.perf_counter() - start))
    print(f"panel, one step of K in Python: median {np.median(times):.0f} ms (computed, drawn and encoded)")
    try:
        with chromium() as browser, lab() as address:
            page = browser.new_page(viewport={"width": 1280, "height": 800})
            open_notebook(page, address, "00_start_here.ipynb")
            run_all(page)
            in_page, times = PanelInPage(page, 1), []  # the second panel of the notebook
            for _ in range(20):
                times.append(in_page.press("ArrowRight"))
                page.wait_for_timeout(150)
            print(f"panel, key to picture in JupyterLab: median {np.median(times):.0f} ms of 20 presses (budget: 100)")
            drag_times(page, address)
    except NoBrowser as reason:
        print(f"panel, key to picture: not measured, {reason}")


def drag_times(page, address):
    """Report how many pictures a second come while K is dragged from end to end; the first notebook is open."""
    print("panels, K dragged from end to end in JupyterLab: pictures a second, 10 or more on two quiet cores")
    for name, place in DRAGGED:
        if not name.startswith("00"):
            open_notebook(page, address, name)
            run_all(page)
        print(f"  {name:<30}{PanelInPage(page, place).sweep():>6.1f}")


def panel_times():
    """Report both."""
    visit_times()
    key_times()


if __name__ == "__main__":
    panel_times()
