"""Settings in TOML files, and the presets that ship."""

import sys
from importlib import resources
from pathlib import Path
from typing import Any

from vidnst.errors import UsageError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def read_toml(path: Path) -> dict[str, Any]:
    """Parse a TOML file. Raises UsageError where it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:  # Also for numbers that are too long.
        raise UsageError(f"{path} is no TOML: {error}") from error


def presets() -> dict[str, Path]:
    """The files of the presets that ship, by their names."""
    folder = Path(str(resources.files("vidnst.options") / "presets"))
    return {file.stem: file for file in sorted(folder.glob("*.toml"))}
