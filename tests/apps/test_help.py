"""What a person sees who types something wrong, or asks for help."""

import re

import pytest

from vidnst.apps.cli.main import main


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        (["page2"], "did you mean vidnst page?"),
        (["xyz"], "vidnst --help lists the commands"),
        (["a.mp4", "--styel", "wave"], "did you mean --style?"),
        (["a.mp4", "--style", "wave", "--tune-step", "3"], "did you mean --tune-steps?"),
        (["https://example.org/a.mp4", "--style", "wave"], "https://example.org/a.mp4 is an addr"),
    ],
)
def test_the_near_command_or_the_real_reason_is_told(
    typed: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(typed) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert told in lines[0]


def helped(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_help_shows_a_dozen_options_and_help_all_the_rest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    brief, whole = helped(["--help"], capsys), helped(["--help-all"], capsys)
    flags = [set(re.findall(r"^  (?:-\w[^-]*)?(--[a-z-]+)", text, re.M)) for text in (brief, whole)]
    assert flags[0] < flags[1]
    assert 10 <= len(flags[0] - {"--help", "--help-all", "--version"}) <= 14
    assert "VALUE" not in whole


def test_help_is_a_command_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert helped(["help"], capsys) == helped(["--help"], capsys)
    assert helped(["help", "export"], capsys) == helped(["export", "--help"], capsys)
