"""The command line: ``python -m capg_core``. Imports the reproduction when it is run, and nothing before."""

import sys


def main():
    """Run the command line; return the exit status."""
    from capg_core.reproduce.command import main

    return main()


if __name__ == "__main__":
    sys.exit(main())
