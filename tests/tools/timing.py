"""How the benches time a call and write it beside its peer."""

import time

import numpy as np


def median_ms(call, repeats=15):
    """Return the median time of a call in milliseconds, after one warm-up."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times))


def in_turn(one, other, repeats=60):
    """Return the median times of two calls in milliseconds, and of their ratio one / other, each made in turn."""
    one(), other()
    times = np.empty((repeats, 2))
    for line in times:
        for side, call in enumerate((one, other)):
            start = time.perf_counter()
            call()
            line[side] = time.perf_counter() - start
    return *(1e3 * np.median(times, axis=0)), float(np.median(times[:, 0] / times[:, 1]))


def row(name, ours, peer_name, peer, goal=""):
    """Print our time, the peer's, and how many times ours goes into it."""
    print(f"{name:<48}{ours:>10.3f} ms   {peer_name:<38}{peer:>10.2f} ms   ratio {peer / ours:>8.1f}   {goal}")
