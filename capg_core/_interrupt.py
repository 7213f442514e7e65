"""Ctrl-C and Jupyter's stop button wait until a piece of work is done.

Numba does not check what it gets while it takes a random generator apart, so that a KeyboardInterrupt in that moment is
fatal: the process ends with a segmentation fault, and in a notebook everything is lost. No kernel that draws is called
but in such a piece of work. A training step is one too, so that a model never is a step ahead of its curve.
"""

import contextlib
import signal
import threading


class _Later:
    """A handler that remembers an interrupt."""

    def __init__(self):
        self.came = None

    def __call__(self, number, frame):
        self.came = (number, frame)


@contextlib.contextmanager
def uninterrupted(*, drop=False):
    """
    Let an interrupt from the keyboard wait until the block is left; with ``drop``, forget it.

    Python delivers signals to the main thread alone. Elsewhere, and inside another such block, this does nothing; nor
    where Ctrl-C is ignored or ends the process without asking Python.
    """
    before = signal.getsignal(signal.SIGINT)
    main = threading.current_thread() is threading.main_thread()
    if not main or isinstance(before, _Later) or not callable(before):
        yield
        return
    later = _Later()
    signal.signal(signal.SIGINT, later)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if later.came is not None and not drop:
            before(*later.came)


def in_one_piece(function):
    """Return a function that calls another without an interrupt."""

    def call(*args):
        with uninterrupted():
            return function(*args)

    call.kernel = function
    return call
