"""Write the first picture of the cheat sheet, from the stored curve: ``python tests/tools/cheatsheet_picture.py``.

Its sentence is stored in the PNG, so that a test can tell whether the picture is still what the code draws.
"""

import sys
from pathlib import Path

import readme_picture

from capg_core.classroom import pictures_of

PICTURE = Path("notebooks") / "images" / "concordance.png"


def make_picture():
    """Draw the curve and store its sentence in the PNG.

    Returns
    -------
    bytes
    """
    picture = pictures_of("08").concordance()
    return readme_picture.with_sentence(picture.png, picture.text)


def main(path=PICTURE):
    """Write the picture.

    Parameters
    ----------
    path : path
    """
    Path(path).write_bytes(make_picture())
    print(f"wrote {path}, {Path(path).stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(*sys.argv[1:2])
