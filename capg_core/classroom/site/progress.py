"""How far a build is: a line that is drawn again in a terminal, and one every ten seconds elsewhere."""

import sys
import time

from capg_core.classroom.words import duration

_WIDTH = 24


class Progress:
    """A progress bar over pictures.

    Parameters
    ----------
    total : int
    stream : file, optional
        stderr if not given.
    """

    def __init__(self, total, stream=None):
        self.total, self.stream = total, stream or sys.stderr
        self.done, self._begun, self._last = 0, time.monotonic(), 0.0
        self._live = self.stream.isatty()

    def line(self):
        """Return the bar in words.

        Examples
        --------
        >>> Progress(4).line()
        '[........................] 0 of 4 pictures'
        """
        full = round(_WIDTH * self.done / self.total) if self.total else _WIDTH
        words = f"[{'#' * full}{'.' * (_WIDTH - full)}] {self.done} of {self.total} pictures"
        if 0 < self.done < self.total:
            spent = time.monotonic() - self._begun
            words += f", {duration(spent / self.done * (self.total - self.done))} left"
        return words

    def add(self, number):
        """Count pictures that were drawn, and show the bar if it is time."""
        self.done += number
        now, last = time.monotonic(), self.done == self.total
        if now - self._last >= (0.2 if self._live else 10.0) or last:
            self._last = now
            end = "\n" if last or not self._live else ""
            self.stream.write(f"{chr(13) if self._live else ''}{self.line():<78}{end}")
            self.stream.flush()
