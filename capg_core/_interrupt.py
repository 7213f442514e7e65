"""Ctrl-C and Jupyter's stop button wait until a piece of work is done.

Numba does not check what it gets while it takes a random generator apart, so that a KeyboardInterrupt in that moment is
fatal: the process ends with a segmentation fault, and in a notebook everything is lost. No kernel that draws is called
but in such a piece of work. A training step is one too, so that a model never is a step ahead of its curve.
"""

import contextlib
import signal
import threading


class _Later:
    """A handler that keeps an interrupt until no piece of work is under way."""

    under_way = 0  # pieces of work of the main thread, one within another

    def __init__(self, before):
        self.before, self.depth, self.came = before, 0, None

    def __call__(self, *signal_and_frame):
        if self.depth:
            self.came = signal_and_frame
        else:
            self.before(*signal_and_frame)

    def hand_on(self):
        came, self.came = self.came, None
        if came is not None:
            self.before(*came)


def _in_main_thread():
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def ready_to_wait():
    """
    Install the handler for a whole block, so that each `uninterrupted` inside costs next to nothing.

    Python delivers signals to the main thread alone. Elsewhere, and inside another such block, this does nothing; nor
    where Ctrl-C is ignored or ends the process without asking Python.
    """
    if not _in_main_thread():
        yield None
        return
    before = signal.getsignal(signal.SIGINT)
    if isinstance(before, _Later) or not callable(before):
        yield before if isinstance(before, _Later) else None
        return
    later = _Later(before)
    signal.signal(signal.SIGINT, later)
    try:
        yield later
    finally:
        signal.signal(signal.SIGINT, before)
        later.hand_on()


@contextlib.contextmanager
def uninterrupted(*, drop=False):
    """Let an interrupt from the keyboard wait until the outermost such block is left; with ``drop``, forget it."""
    with ready_to_wait() as later:
        if later is None:
            yield
            return
        later.depth += 1
        _Later.under_way += 1
        try:
            yield
        finally:
            _Later.under_way -= 1
            later.depth -= 1
            if drop:
                later.came = None
            if not later.depth:
                later.hand_on()


def in_one_piece(function):
    """Return a function that calls another without an interrupt."""

    def call(*args):
        if _Later.under_way or not _in_main_thread():  # an interrupt waits already, or does not come here
            return function(*args)
        with uninterrupted():
            return function(*args)

    call.kernel = function
    return call
