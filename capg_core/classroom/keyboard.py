"""Keys that belong to a control: JupyterLab does not take them for the notebook.

With the focus on a menu, a radio button, a checkbox or a slider, Lab reads a letter as a command: `r` turns the cell
into Raw, which destroys the panel in it, and `b` adds a cell. Lab leaves a key alone if the element that has the focus
carries the attribute ``data-lm-suppress-shortcuts``. A widget can carry classes and HTML, so a picture of a single
pixel, once it is loaded, tells the page to set that attribute. Where a page forbids such a handler, nothing happens,
and all else works.
"""

import ipywidgets as widgets

KEEPS = "capg-keys"
_PIXEL = "data:image/gif;base64,R0lGODlhAQABAAAAACH5BAEKAAEALAAAAAABAAEAAAICTAEAOw=="
# Once a page. The window hears a key before Lab does, and saving (Ctrl or Command, and S) stays Lab's.
_LISTEN = (
    "(w => { if (w.capgKeys) return; w.capgKeys = true; w.addEventListener('keydown', e => { "
    f"const at = e.target; if (at.closest && at.closest('.{KEEPS}')) "
    "at.toggleAttribute('data-lm-suppress-shortcuts', "
    "!((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === 's')); }, true); })(window)"
)


# ipywidgets marks what has lost its kernel, and shows a broken link; here it is said in words.
_LOST = (
    f".{KEEPS}.jupyter-widgets-disconnected::before {{ "
    "content: 'The kernel was restarted, and this no longer answers: run the cell again.'; "
    "font: 15px var(--jp-ui-font-family, sans-serif); color: var(--jp-ui-font-color1, #222222); padding: 4px 10px; "
    "border-left: 4px solid #8a8f98; }"
)


def keep_keys(box):
    """Let a box of controls keep its keys and say when its kernel is gone; return it.

    Parameters
    ----------
    box : ipywidgets.Box

    Returns
    -------
    ipywidgets.Box
        The same, with a child more that takes no place.

    Examples
    --------
    >>> box = keep_keys(widgets.VBox([widgets.Checkbox()]))
    >>> box._dom_classes, len(box.children)
    (('capg-keys',), 2)
    """
    box.add_class(KEEPS)
    page = f'<style>{_LOST}</style><img alt="" src="{_PIXEL}" onload="{_LISTEN}">'
    ear = widgets.HTML(page, layout=widgets.Layout(display="none"))
    box.children = (*box.children, ear)
    return box
