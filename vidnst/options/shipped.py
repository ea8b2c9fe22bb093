"""Finds the files that ship with the package."""

from importlib import resources
from pathlib import Path


def shipped(name: str) -> Path:
    """The path of such a file or folder, as "weights/fast.safetensors".

    Looks inside the installed package, and in a checkout at its top.
    """
    package = Path(str(resources.files("vidnst")))
    installed = package / name
    return installed if installed.exists() else package.parent / name
