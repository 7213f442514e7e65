"""What panels and predictions ask of the page they stand in: their keys, words for pictures, words for a lost kernel.

A widget can carry classes and HTML. So each box holds a child that takes no place: a style, and a picture of a single
pixel that runs a few lines once it is loaded. Where a page forbids such lines, nothing happens, and all else works.

Keys: with the focus on a menu, a radio button, a checkbox or a slider, JupyterLab reads a letter as a command: `r`
turns the cell into Raw, which destroys the panel in it, and `b` adds a cell. Lab leaves a key alone if the element that
has the focus carries the attribute ``data-lm-suppress-shortcuts``.
"""

import html

import ipywidgets as widgets

BOX = "capg-box"
_PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
# Ipywidgets marks what has lost its kernel, and shows a broken link; here it is said in words
_STYLE = (
    f".{BOX}.jupyter-widgets-disconnected::before {{ "
    "content: 'The kernel was restarted, and this no longer answers: run the cell again.'; "
    "font: 15px var(--jp-ui-font-family, sans-serif); color: var(--jp-ui-font-color1, #222222); padding: 4px 10px; "
    "border-left: 4px solid #8a8f98; } "
    # on a narrow page labels give way, and long words beside a box to tick wrap
    f".{BOX} .widget-inline-hbox > .widget-label {{ flex-shrink: 1; min-width: 60px; }} "
    f".{BOX} .widget-checkbox .widget-label-basic {{ white-space: normal; height: auto; }}"
)
# Each picture takes the words of its box, those already there when the pixel comes, and once a page all that come
# later: a picture's load event does not bubble, and the document hears it on the way down. Once a page too, the window
# hears a key before Lab does; saving (Ctrl or Command, and S) stays Lab's.
_LINES = f"""(w => {{
    const name = img => {{
        const words = img.closest('.{BOX}')?.querySelector('[data-shows]')?.dataset.shows;
        if (words) img.alt = words;
    }};
    setTimeout(() => w.document.querySelectorAll('img.capg-picture').forEach(name), 500);
    if (w.capgListens) return;
    w.capgListens = true;
    w.document.addEventListener('load', e => {{
        if (e.target.matches && e.target.matches('img.capg-picture')) name(e.target);
    }}, true);
    w.addEventListener('keydown', e => {{
        const saves = (e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 's';
        if (e.target.closest && e.target.closest('.{BOX}'))
            e.target.toggleAttribute('data-lm-suppress-shortcuts', !saves);
    }}, true);
}})(window)"""


def in_page(box, shows=""):
    """Let a box keep its keys, name its picture, and say when its kernel is gone; return it.

    Parameters
    ----------
    box : ipywidgets.Box
    shows : str
        What its picture shows, for who does not see it.

    Returns
    -------
    ipywidgets.Box
        The same, with a child more that takes no place.

    Examples
    --------
    >>> box = in_page(widgets.VBox([widgets.Checkbox()]))
    >>> box._dom_classes, len(box.children)
    (('capg-box',), 2)
    """
    box.add_class(BOX)
    words = f' data-shows="{html.escape(shows)}"' if shows else ""
    lines = html.escape(" ".join(_LINES.split()))
    page = f'<style>{_STYLE}</style><img alt="" src="{_PIXEL}"{words} onload="{lines}">'
    box.children = (*box.children, widgets.HTML(page, layout=widgets.Layout(display="none")))
    return box
