"""Take pictures of the panel in JupyterLab, to look at: ``python tests/tools/browser_shots.py OUTDIR``.

Widths 1280 and 1920 pixels, Lab's light and dark themes; each the window and the panel alone.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from browser import DARK, LIGHT, PanelInPage, chromium, error_outputs, lab, open_notebook, run_all

WINDOWS = ({"width": 1280, "height": 800}, {"width": 1920, "height": 1080})


def shoot(page, folder, name):
    """Write the window with the panel at its top, and the panel alone."""
    panel = PanelInPage(page)
    panel.box.evaluate("box => box.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(500)
    page.screenshot(path=folder / f"{name}-window.png")
    panel.box.screenshot(path=folder / f"{name}-panel.png")


def main(folder, notebook="00_start_here.ipynb"):
    """Write eight pictures into a folder; return how many error outputs were seen."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    errors = []
    with chromium() as browser:
        for theme in (LIGHT, DARK):
            with lab(theme=theme) as address:
                page = browser.new_page(viewport=WINDOWS[0])
                open_notebook(page, address, notebook)
                run_all(page)
                errors += error_outputs(page)
                for window in WINDOWS:
                    page.set_viewport_size(window)
                    shoot(page, folder, f"{theme.split()[-1].lower()}-{window['width']}")
                page.close()
    print(f"wrote {len(list(folder.glob('*.png')))} pictures to {folder}")
    for error in errors:
        print(f"error output: {error}", file=sys.stderr)
    return len(errors)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    sys.exit(min(1, main(*sys.argv[1:3])))
