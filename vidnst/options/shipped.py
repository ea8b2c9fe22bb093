"""Finds the files that ship with the package."""

from importlib import resources
from pathlib import Path


def shipped(name: str) -> Path:
    """The path of a shipped file or folder, such as "weights/fast.safetensors".

    It lies inside the installed package, or at the top of a checkout.
    """
    package = Path(str(resources.files("vidnst")))
    installed = package / name
    return installed if installed.exists() else package.parent / name
