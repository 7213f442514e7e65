"""Two panels of one kernel, driven from two threads.

JupyterLab runs callbacks on several threads, and a race draws from its own. Matplotlib's renderer is not made for it:
two figures drawn at once ended the process within a minute.
"""

import subprocess
import sys
import threading
import time

from capg_core.classroom import RacePanel, VariancePanel
from capg_core.classroom.panel import Panel


def test_no_two_panels_draw_at_once(monkeypatch):
    render, inside, most = Panel._render, [], []

    def watched(self, numbers):
        inside.append(self)
        most.append(len(inside))
        time.sleep(0.002)  # long enough for another thread to come in, if it may
        png = render(self, numbers)
        inside.remove(self)
        return png

    monkeypatch.setattr(Panel, "_render", watched)
    panels = VariancePanel(k=10), RacePanel()

    def move(panel, ks):
        for k in ks:
            panel.k.value = k

    moves = (panels[0], range(1, 16)), (panels[1], [3, 4] * 8)
    threads = [threading.Thread(target=move, args=args) for args in moves]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert set(most) == {1} and len(most) > 25
    assert all(panel.error == "" for panel in panels)


DRIVE = """
import itertools, threading, time
from capg_core.classroom import RacePanel, VariancePanel
panels = VariancePanel(k=10), RacePanel()
end, moves = time.monotonic() + 12.0, [0, 0]

def drive(which, values):
    for value in itertools.cycle(values):
        if time.monotonic() > end:
            return
        panels[which].k.value = value
        moves[which] += 1

threads = [threading.Thread(target=drive, args=args) for args in ((0, range(1, 60)), (1, range(1, 12)))]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert [panel.error for panel in panels] == ["", ""]
print(min(moves))
"""


def test_a_process_lives_in_which_two_panels_are_moved():
    done = subprocess.run([sys.executable, "-c", DRIVE], capture_output=True, text=True)
    assert done.returncode == 0, (done.returncode, done.stderr)
    assert int(done.stdout) > 20
