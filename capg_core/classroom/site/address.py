"""Where the course is public: the one home of its address. While `OWNER` is empty, nothing links to it."""

OWNER = ""  # of the public repository; `make address OWNER=name` sets it, and writes it into all that links there
NAME = "capg"
BRANCH = "main"


def binder(path):
    """Return the address at which Binder opens a file of the repository; empty while there is none.

    Examples
    --------
    >>> binder("notebooks/00_start_here.ipynb") if OWNER else ""
    ''
    """
    return OWNER and f"https://mybinder.org/v2/gh/{OWNER}/{NAME}/{BRANCH}?urlpath=lab/tree/{path}"


def colab(path):
    """Return the address at which Colab opens a notebook of the repository; empty while there is none."""
    return OWNER and f"https://colab.research.google.com/github/{OWNER}/{NAME}/blob/{BRANCH}/{path}"


def source(path):
    """Return the address of a file of the repository; empty while there is none."""
    return OWNER and f"https://github.com/{OWNER}/{NAME}/blob/{BRANCH}/{path}"


def pages():
    """Return the address of the published pages; empty while there is none."""
    return OWNER and f"https://{OWNER}.github.io/{NAME}/"


def repository():
    """Return the address of the repository; empty while there is none."""
    return OWNER and f"https://github.com/{OWNER}/{NAME}"
