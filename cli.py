"""Launcher for a checkout; the installed command `vidnst` is the same."""

from vidnst.apps.cli.main import run

if __name__ == "__main__":
    run()
