"""Launcher for a checkout; the installed command `vidnst` is the same."""

import sys

from vidnst.command import main

if __name__ == "__main__":
    sys.exit(main())
