"""The progress bar: one line on stderr, with the share of steps done and the time left.

Where stderr is not a terminal, a line at most every ten seconds.
"""

import sys
import time

_EVERY = 10.0  # seconds between two lines in a log
_REDRAW = 0.2  # seconds between two drawings in a terminal
_WIDTH = 24


def duration(seconds):
    """Return a duration in words.

    Parameters
    ----------
    seconds : float

    Returns
    -------
    str

    Examples
    --------
    >>> duration(42), duration(3700), duration(200000)
    ('42 s', '1 h 1 min', '2 d 7 h')
    """
    seconds = round(seconds)
    for big, small, size in (("d", "h", 86400), ("h", "min", 3600), ("min", "s", 60)):
        if seconds >= size:
            unit = {"h": 3600, "min": 60, "s": 1}[small]
            return f"{seconds // size} {big} {seconds % size // unit} {small}"
    return f"{seconds} s"


class Bar:
    """
    A progress bar.

    Parameters
    ----------
    n_jobs, n_steps : int
        Of everything.
    done_jobs, done_steps : int
        Of an earlier run; they take no time now.
    stream : file, optional
        stderr if not given.
    clock : callable
        Gives seconds.
    """

    def __init__(self, n_jobs, n_steps, done_jobs=0, done_steps=0, stream=None, clock=time.monotonic):
        self.stream = sys.stderr if stream is None else stream
        self.live = self.stream.isatty()
        self.n_jobs, self.n_steps, self.before, self.steps = n_jobs, n_steps, done_steps, done_steps
        self.jobs, self.clock = done_jobs, clock
        self.begun = clock()
        self.last, self.length = -float("inf"), 0

    def text(self):
        """Return the line."""
        share = self.steps / self.n_steps if self.n_steps else 1.0
        full = int(share * _WIDTH)
        now = self.steps - self.before
        left = "time left unknown"
        if now > 0:
            left = f"{duration((self.clock() - self.begun) / now * (self.n_steps - self.steps))} left"
        bar = "#" * full + "." * (_WIDTH - full)
        return f"[{bar}] {self.jobs}/{self.n_jobs} runs, {100.0 * share:.1f} % of steps, {left}"

    def update(self, jobs, steps):
        """
        Show what this run has done.

        Parameters
        ----------
        jobs : int
            Finished, of everything.
        steps : int
            Taken now, in finished jobs and in those on their way. The bar never goes back.
        """
        self.jobs, self.steps = jobs, max(self.steps, min(self.before + steps, self.n_steps))
        if self.clock() - self.last >= (_REDRAW if self.live else _EVERY):
            self._show()

    def _show(self):
        self.last, line = self.clock(), self.text()
        if self.live:
            self.stream.write("\r" + line.ljust(self.length))
            self.length = len(line)
        else:
            self.stream.write(line + "\n")
        self.stream.flush()

    def close(self):
        """Show the last state and leave the line."""
        self._show()
        if self.live:
            self.stream.write("\n")
            self.stream.flush()
