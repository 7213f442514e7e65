"""Numbers, times, titles and lists as the panels write them in a sentence."""

import html
import math


def show(number):
    """Write a number with three significant digits, without an exponent where it can be read without.

    Examples
    --------
    >>> show(18.31), show(0.0551), show(1234.6), show(2.34e-6)
    ('18.3', '0.0551', '1235', '2.3e-06')
    """
    if number == 0:
        return "0"
    if not math.isfinite(number):
        return "∞"
    if abs(number) < 1e-4 or abs(number) >= 1e6:
        return f"{number:.1e}"
    if abs(number) >= 100:
        return f"{number:.0f}"
    digits = 2 - math.floor(math.log10(abs(number)))
    return f"{number:.{max(digits, 0)}f}"


def percent(error):
    """Write a relative error as a signed percentage with two digits.

    Examples
    --------
    >>> percent(0.2157), percent(-0.0099), percent(0.0), percent(35.07)
    ('+22 %', '−0.99 %', '0 %', '+3507 %')
    """
    size = abs(100.0 * error)
    if size < 0.005:
        return "0 %"
    digits = 0 if size >= 10 else 1 if size >= 1 else 2
    return f"{'+' if error > 0 else '−'}{size:.{digits}f} %"


def count(number, thing):
    """Write how many there are.

    Examples
    --------
    >>> count(1, "star"), count(4.5, "star"), count(2000, "list")
    ('1 star', '4.5 stars', '2000 lists')
    """
    return f"{number:g} {thing}" + ("" if number == 1 else "s")


def join(parts):
    """Join some words or more to a list as in a sentence.

    Examples
    --------
    >>> join(["Heat"]), join(["Heat", "Alien"]), join(["Heat", "Alien", "Up"])
    ('Heat', 'Heat and Alien', 'Heat, Alien and Up')
    """
    return ", ".join(parts[:-1]) + (" and " if len(parts) > 1 else "") + parts[-1]


def shorten(title, most):
    """Cut a title that is too long for its row.

    Examples
    --------
    >>> shorten("Alien", 10), shorten("Lord of the Rings", 10)
    ('Alien', 'Lord of t…')
    """
    return title if len(title) <= most else title[: most - 1].rstrip(" -:,") + "…"


def duration(seconds):
    """Write a time.

    Examples
    --------
    >>> duration(42.3), duration(200)
    ('43 s', '3 min 20 s')
    """
    seconds = math.ceil(seconds)
    return f"{seconds} s" if seconds < 100 else f"{seconds // 60} min {seconds % 60} s"


def small(text):
    """Return HTML of a small line of text."""
    return f'<div style="font-size:14px;line-height:1.4">{html.escape(text)}</div>'
