"""Pictures as arrays of pixels: folded where the page is narrow, and written as PNG."""

import struct
import zlib

import numpy as np
from PIL import Image as PillowImage

_WHITE = 255


def fold(pixels, at):
    """Cut a picture in two from top to bottom, and put the right part under the left one.

    Parameters
    ----------
    pixels : (height, width, 4) uint8 array
    at : float
        Where to cut, in parts of the width.

    Returns
    -------
    (2 * height, width of the wider part, 4) uint8 array
        The narrower part stands in the middle, on white.

    Examples
    --------
    >>> fold(np.zeros((5, 10, 4), np.uint8), 0.6).shape
    (10, 6, 4)
    """
    height, width, colours = pixels.shape
    cut = round(at * width)
    parts = pixels[:, :cut], pixels[:, cut:]
    folded = np.full((2 * height, max(cut, width - cut), colours), _WHITE, np.uint8)
    for place, part in enumerate(parts):
        left = (folded.shape[1] - part.shape[1]) // 2
        folded[place * height : (place + 1) * height, left : left + part.shape[1]] = part
    return folded


def as_png(pixels):
    """Write an opaque picture as PNG.

    Pillow and Matplotlib try five filters on each row. Here none is used: where colours are flat the filters save no
    bytes, and they take more than half of the time.

    Parameters
    ----------
    pixels : (height, width, 4) uint8 array
        Red, green, blue, and an opacity that is not looked at.

    Returns
    -------
    bytes
        8 bits a colour, without loss.
    """
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 3 * width), np.uint8)  # a row begins with the number of its filter: 0 for none
    rgb = PillowImage.fromarray(pixels).tobytes("raw", "RGB")  # five times as fast as slicing in NumPy
    rows[:, 1:] = np.frombuffer(rgb, np.uint8).reshape(height, -1)
    eight_bits_rgb = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = _chunk(b"IHDR", eight_bits_rgb), _chunk(b"IDAT", zlib.compress(rows, 3)), _chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
