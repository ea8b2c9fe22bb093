"""Background renders, each in its own process, with progress, cancel and resume."""

import json
import subprocess
import time
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import IO, Any, Literal

from vidnst.apps.page.choice import Choice
from vidnst.apps.page.uploads import Source
from vidnst.film.workers.isolation import python_command
from vidnst.media.clip import probe

State = Literal["painting", "stopping", "stopped", "failed", "done"]
_PATIENCE_SECONDS = 20.0
"""A process that does not stop within this time is killed."""
_ERROR_LINES = 20


class Render:
    """The render of one film; it may be stopped and resumed."""

    def __init__(self, choice: Choice, folder: Path) -> None:
        """folder: its own, for the result and the job folder of an unfinished one."""
        self.choice, self.folder = choice, folder
        self.name = folder.name
        self.output = folder / choice.result_name
        self._log = folder / "log.txt"
        self.state: State = "stopped"
        self.progress: dict[str, Any] = {"done": 0, "count": None}
        self.notes: list[str] = []
        self.error = ""
        self.report: dict[str, Any] = {}
        self.made_at = time.strftime("%H:%M")
        self.measure: Measure | None = None
        choice.options(self.output)  # Raises errors in the options now.
        self._process: subprocess.Popen[str] | None = None
        self._result: Source | None = None

    @property
    def at_work(self) -> bool:
        return self.state in ("painting", "stopping")

    @property
    def result(self) -> Source:
        """The painted film."""
        if self._result is None:
            self._result = Source(self.output, self.output.name, probe(self.output))
        return self._result

    def start(self) -> None:
        """Start, or resume after the finished segments; does not block."""
        if self.at_work or self.state == "done":
            return
        self.state, self.error, self.notes = "painting", "", []
        arguments = self.choice.arguments(self.output)
        with self._log.open("w") as log:
            self._process = _process(["vidnst.apps.page.worker", *arguments], self.folder, log)
        Thread(target=self._listen, args=(self._process,), name="render", daemon=True).start()

    def cancel(self) -> None:
        """Stop, and keep the finished segments; does not block."""
        if self.state == "painting" and self._process is not None:
            self.state = "stopping"
            self._process.terminate()

    def end(self) -> None:
        """Stop at once, without resuming later."""
        processes = [self._process, self.measure.process if self.measure is not None else None]
        for process in filter(None, processes):
            process.kill()
            process.wait()

    def start_measure(self) -> None:
        """Start measuring the result in the background."""
        if self.state == "done" and (self.measure is None or self.measure.error):
            self.measure = Measure(self.choice, self.output)

    def _listen(self, process: "subprocess.Popen[str]") -> None:
        assert process.stdout is not None
        with process:
            for line in process.stdout:
                with suppress(ValueError):  # A line that a library printed.
                    self._hear(json.loads(line))
                if self.report or self.error:
                    break  # A child process that a library left running may hold the pipe open.
            with suppress(subprocess.TimeoutExpired):
                process.wait(_PATIENCE_SECONDS)
            process.kill()
        if self.report:
            self.state = "done"
        elif self.state == "stopping":
            self.state = "stopped"
        else:
            log = ""
            with suppress(OSError):  # Where it was ended, its folder may be gone.
                log = self._log.read_text(errors="replace")
            self.error = self.error or _last_words(process.returncode, log)
            self.state = "failed"

    def _hear(self, line: dict[str, Any]) -> None:
        self.error = self._plain(line.get("error", self.error))
        self.report = line.get("report", self.report)
        notes = line.get("notes", ())
        self.notes += [self._plain(note) for note in notes]
        if "done" in line:
            self.progress = line

    def _plain(self, message: str) -> str:
        return self.choice.told(message).replace(f"{self.folder}/", "")


class Measure:
    """Measures a result in a background process, as `vidnst evaluate` does."""

    def __init__(self, choice: Choice, output: Path) -> None:
        self.plot = output.with_name("flicker.png")
        self.clips: list[dict[str, Any]] = []
        self.error = ""
        style = [] if choice.style is None else ["--style", str(choice.style.path)]
        self.process = _process(
            ["vidnst", "evaluate", str(choice.film.path), str(output), *style, "--json", "--plot",
             str(self.plot), "--overwrite"],
            output.parent,
        )  # fmt: skip
        self.at_work = True
        listening = (choice, output.parent)
        Thread(target=self._listen, args=listening, name="measure", daemon=True).start()

    def _listen(self, choice: Choice, folder: Path) -> None:
        output, failure = self.process.communicate()
        try:
            self.clips = json.loads(output)["clips"]
        except (ValueError, KeyError):
            words = _last_words(self.process.returncode, failure)
            self.error = choice.told(words).replace(f"{folder}/", "")
        self.at_work = False


def _process(
    module_and_arguments: list[str], folder: Path, log: IO[str] | int = subprocess.PIPE
) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        python_command(*module_and_arguments),
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C goes to the page only, which then stops its processes.
    )


def _last_words(code: int, failure: str) -> str:
    """The error message for a process that reported none."""
    lines = [line for line in failure.strip().splitlines()[-_ERROR_LINES:] if line.strip()]
    if code < 0 or not lines:
        return f"the render ended unexpectedly (code {code}): is there enough memory?"
    return lines[-1].removeprefix("vidnst: ")
