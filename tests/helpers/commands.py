"""The command line, as tests call it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from vidnst.apps.cli.main import main
from vidnst.errors import UsageError


def files_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def refused(
    arguments: list[object],
    code: int,
    message: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = files_below(folder)
    assert main([str(argument) for argument in arguments]) == code
    captured = capsys.readouterr()
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("vidnst: ")
    assert message in lines[0]
    assert captured.out == ""
    assert files_below(folder) == before


def devices_handed_on(
    monkeypatch: pytest.MonkeyPatch, painter: str, arguments: Sequence[str]
) -> list[str]:
    """What a painter, by its dotted name, is told of --device cpu, cuda and auto with a GPU there.

    The command that these arguments stand for ends where the painter is called.
    """
    devices: list[str] = []

    def spy(*_: Any, device: object, **__: Any) -> None:
        devices.append(str(device))
        raise UsageError("seen")

    monkeypatch.setattr(painter, spy)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    for device in ("cpu", "cuda", "auto"):
        assert main([*arguments, "--device", device]) == 2
    return devices
