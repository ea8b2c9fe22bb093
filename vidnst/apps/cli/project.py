"""vidnst render PROJECT.toml: a render with its settings in a file."""

import os
from pathlib import Path

from vidnst.apps.cli import render
from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.toml_arguments import as_arguments
from vidnst.errors import UsageError
from vidnst.options.text import read_toml


def run(arguments: list[str]) -> int:
    """Run it and return the exit code. Paths in the file are relative to its folder."""
    parser = Parser(
        prog="vidnst render",
        description="Render what a project file says; vidnst INPUT ... --dump-project writes one. "
        "Options after it win over those in it.",
        allow_abbrev=False,
    )
    parser.add_argument("project", type=Path, metavar="PROJECT.toml", help="settings in TOML")
    known, more = parser.parse_known_args(arguments)
    settings = read_toml(known.project)
    source = settings.pop("source", None)
    if not isinstance(source, str):
        raise UsageError(f'{known.project} names no source: write source = "clip.mp4"')
    # Paths after the project are relative to the working directory.
    more = [str(Path(text).absolute()) if Path(text).exists() else text for text in more]
    for index, text in enumerate(more[:-1]):
        if text in ("-o", "--output"):
            more[index + 1] = str(Path(more[index + 1]).absolute())
    os.chdir(known.project.absolute().parent)
    return render.run([source, *as_arguments(settings, render.render_parser()), *more])
