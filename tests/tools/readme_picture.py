"""Write the picture at the top of the README, from the panel itself.

Run ``python tests/tools/readme_picture.py`` in the repository. The numbers shown are stored in the
PNG, so that a test can tell whether the picture is still what the code draws.
"""

import io
import sys
from pathlib import Path

from PIL import Image, PngImagePlugin

from capg_core.classroom.lessons.n00_start_here.panel import VariancePanel

K = 20
PICTURE = Path("notebooks") / "images" / "headline.png"
KEY = "capg-sentence"


def make_picture():
    """Draw the headline panel at K = 20 and store its sentence in the PNG.

    Returns
    -------
    bytes

    Raises
    ------
    RuntimeError
        If the panel could not be drawn.
    """
    panel = VariancePanel(k=K)
    if panel.error:
        raise RuntimeError(f"the panel could not be drawn: {panel.error}")
    return with_sentence(panel.png, panel.text)


def with_sentence(png, text):
    """Return a PNG of few colours that holds a sentence.

    Parameters
    ----------
    png : bytes
    text : str

    Returns
    -------
    bytes
    """
    note = PngImagePlugin.PngInfo()
    note.add_itxt(KEY, text)
    out = io.BytesIO()
    picture = Image.open(io.BytesIO(png)).convert("RGB")
    # A palette of 64 colours keeps the file small; the eye sees no difference.
    picture.quantize(64, dither=Image.Dither.NONE).save(out, "png", pnginfo=note, optimize=True)
    return out.getvalue()


def what_is_stale(picture, make=make_picture, script="readme_picture.py"):
    """Say what differs between a stored picture and the one drawn now.

    Parameters
    ----------
    picture : path
        The PNG in the repository.
    make : callable
        Returns the PNG as drawn now.
    script : str
        The one that writes it.

    Returns
    -------
    str
        Empty if the picture is fresh.
    """
    how = f"run: python tests/tools/{script}"
    if not Path(picture).exists():
        return f"{picture} is missing; {how}"
    fresh = Image.open(io.BytesIO(make()))
    stored = Image.open(picture)
    if stored.text.get(KEY) != fresh.text[KEY]:
        return f"the numbers changed from {stored.text.get(KEY)!r} to {fresh.text[KEY]!r}; {how}"
    if stored.size != fresh.size:
        return f"the size changed from {stored.size} to {fresh.size}; {how}"
    # Another version of the font library moves letters by a fraction of a pixel, so only a larger
    # change counts.
    small = [image.convert("L").resize((120, 55), Image.Resampling.BOX).tobytes() for image in (stored, fresh)]
    changed = sum(abs(a - b) for a, b in zip(*small, strict=True)) / len(small[0])
    return f"the drawing changed by {changed:.1f} grey levels on average; {how}" if changed > 1.5 else ""


def main(path=PICTURE):
    """Write the picture.

    Parameters
    ----------
    path : path
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(make_picture())
    print(f"wrote {path}, {path.stat().st_size // 1024} kB")


if __name__ == "__main__":
    main(*sys.argv[1:2])
