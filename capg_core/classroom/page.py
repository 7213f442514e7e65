"""What panels and predictions ask of the page they stand in, and what it tells them.

Asked: their keys, words for pictures, words for a lost kernel. Told: how large the page shows a picture.

A widget can carry classes and HTML. So each box holds a child that takes no place: a style, and a picture of a single
pixel that runs a few lines once it is loaded. Where a page forbids such lines, nothing happens, and all else works.

Keys: with the focus on a menu, a radio button, a checkbox or a slider, JupyterLab reads a letter as a command: `r`
turns the cell into Raw, which destroys the panel in it, and `b` adds a cell. Lab leaves a key alone if the element that
has the focus carries the attribute ``data-lm-suppress-shortcuts``.
"""

import html

import ipywidgets as widgets

BOX = "capg-box"
_FIELD = "capg-page"
_PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
# Ipywidgets marks what has lost its kernel, and shows a broken link; here it is said in words
_STYLE = (
    f".{BOX}.jupyter-widgets-disconnected::before {{ "
    "content: 'The kernel was restarted, and this no longer answers: choose Run, then Run All Cells.'; "
    "font: 15px var(--jp-ui-font-family, sans-serif); color: var(--jp-ui-font-color1, #222222); padding: 4px 10px; "
    "border-left: 4px solid #8a8f98; } "
    # on a narrow page labels give way and wrap, as do long words beside a slider and beside a box to tick
    f".{BOX} .widget-inline-hbox > :is(.widget-label, .widget-readout) {{ flex-shrink: 1; min-width: 60px; "
    "white-space: normal; height: auto; line-height: 1.1; align-self: center; } "
    f".{BOX} .widget-checkbox .widget-label-basic {{ white-space: normal; height: auto; }} "
    # a picture is a sheet of paper with an edge, dimmed in the dark theme: its colours stay those that are spoken of;
    # and a message without words takes no place above it
    f".{BOX} .capg-picture {{ box-sizing: border-box; border: 1px solid var(--jp-border-color2, #bdbdbd); "
    "border-radius: 8px; background: #ffffff; } "
    f"[data-jp-theme-light=false] .{BOX} .capg-picture {{ padding: 10px; filter: brightness(0.9); }} "
    f".{BOX} .capg-message:not(:has([role])) {{ display: none; }}"
)
# A picture's width and the page's pixels go into a field that is not seen, once they rest: at first, and when one zooms
# or makes the window smaller. Each box tells only what is new of itself, so that two views of a panel take no turns.
#
# Each picture takes the words of its box, those already there when the pixel comes, and once a page all that come
# later: a picture's load event does not bubble, and the document hears it on the way down. Once a page too, the window
# hears a key before Lab does; saving (Ctrl or Command, and S) stays Lab's.
_LINES = f"""(w => {{
    const name = img => {{
        const words = img.closest('.{BOX}')?.querySelector('[data-shows]')?.dataset.shows;
        if (words) img.alt = words;
    }};
    const tell = img => {{
        const box = img.closest('.{BOX}'), field = box?.querySelector('.{_FIELD} input');
        const said = `${{img.clientWidth}} ${{w.devicePixelRatio}}`;
        if (!field || !img.clientWidth || box.dataset.told === said) return;
        box.dataset.told = field.value = said;
        field.dispatchEvent(new Event('change', {{ bubbles: true }}));
    }};
    const all = what => w.document.querySelectorAll('img.capg-picture').forEach(what);
    w.capgWatch ??= new ResizeObserver(seen => seen.forEach(({{ target }}) => {{
        clearTimeout(target.capgRest);
        target.capgRest = setTimeout(tell, 200, target);
    }}));
    setTimeout(() => all(img => {{ name(img); w.capgWatch.observe(img); }}), 500);
    const says = ['Play or pause', 'Stop, and begin again'];
    setTimeout(() => w.document.querySelectorAll('.{BOX} .widget-play').forEach(play =>
        [...play.querySelectorAll('button')].forEach((button, i) => says[i] && (button.ariaLabel = says[i]))), 500);
    if (w.capgListens) return;
    w.capgListens = true;
    w.addEventListener('resize', () => setTimeout(all, 300, tell));
    w.document.addEventListener('load', e => {{
        if (e.target.matches && e.target.matches('img.capg-picture')) name(e.target);
    }}, true);
    w.addEventListener('keydown', e => {{
        const saves = (e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 's';
        if (e.target.closest && e.target.closest('.{BOX}'))
            e.target.toggleAttribute('data-lm-suppress-shortcuts', !saves);
    }}, true);
}})(window)"""


def page_says(listen):
    """Make the field in which the page writes how large it shows the picture: "848 2", CSS pixels and their ratio.

    Parameters
    ----------
    listen : callable
        Called with each change of the field's value.

    Returns
    -------
    ipywidgets.Text
        Takes no place.
    """
    field = widgets.Text(layout=widgets.Layout(display="none"))
    field.add_class(_FIELD)
    field.observe(listen, names="value")
    return field


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
