"""Write the course's public address into README.md: ``python tests/tools/readme_address.py``, after `OWNER` was set.

`capg_core.classroom.site.address` is its home. Between two marks of README.md stand the first picture and, once there
is an address, the links to the published pages and to Binder.
"""

import re
from pathlib import Path

from capg_core.classroom.site import address

README = Path(__file__).resolve().parents[2] / "README.md"
_BLOCK = re.compile(r"(?<=<!-- address -->\n).*(?=<!-- /address -->)", re.S)
_PICTURE = re.compile(r"!\[[^\]]*\]\(notebooks/[^)]*\)")
_NONE = (
    "(Binder and the published pages need a public repository: set `OWNER` in `capg_core/classroom/site/address.py`,\n"
    "and run `python tests/tools/readme_address.py`.)"
)


def written(text):
    """Return README's text with the present address in it."""
    picture = _PICTURE.search(_BLOCK.search(text)[0])[0]
    pages, binder = address.pages(), address.binder("notebooks/00_start_here.ipynb")
    badge = (
        f"[![Binder](https://mybinder.org/badge_logo.svg)]({binder})\nThe course without a kernel: [{pages}]({pages})"
    )
    block = f"[{picture}]({pages})\n\n{badge}\n" if pages else f"{picture}\n\n{_NONE}\n"
    return _BLOCK.sub(lambda found: block, text)


if __name__ == "__main__":
    README.write_text(written(README.read_text(encoding="utf-8")), encoding="utf-8")
