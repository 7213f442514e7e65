"""How long a page of the course takes from an input to the picture in a browser, and its pictures to be made."""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from site_pages import SMALL, alive, built, move, table_of

from capg_core.classroom.site import states

N_MOVES = 60


def site_times():
    """Report the median of moves of the main slider, by one and by many, of one page opened from a folder."""
    from browser import NoBrowser, chromium

    with tempfile.TemporaryDirectory() as place:
        begun = time.perf_counter()
        folder, _ = built(f"{place}/pages")
        spent = time.perf_counter() - begun
        name, grid, start = alive([SMALL])[0]
        table = table_of(folder, name)
        print(f"pages: {len(table['states'])} pictures of {SMALL} and all pages in {spent:.0f} s, at {states.SCALE:g}x")
        control = next(control for control in table["controls"] if control["name"] == table["main"])
        try:
            with chromium() as browser:
                page = browser.new_context(offline=True).new_page()
                page.goto((folder / f"{SMALL}.html").as_uri())
                last = len(control["words"]) - 1
                for words, places in (("by one", range(1, N_MOVES)), ("by 7", range(0, 7 * N_MOVES, 7))):
                    times = [move(page, name, control, at % last) for at in places]
                    found = [time for time in times if time is not None]
                    print(f"pages, input to picture, {words}: median {statistics.median(found):.0f} ms (budget: 50 ms)")
        except NoBrowser as reason:
            print(f"pages, input to picture: not measured, {reason}")
