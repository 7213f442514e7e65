"""The command line: ``python -m capg_core``."""

import sys


def main():
    """Run the command line; return the exit status."""
    from capg_core.reproduce.command import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
