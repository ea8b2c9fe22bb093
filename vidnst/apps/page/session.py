"""Sessions: each visitor's files and renders, isolated, and removed after some hours."""

import atexit
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from threading import RLock, Thread
from typing import TYPE_CHECKING, Any

from vidnst.apps.page.choice import Choice
from vidnst.apps.page.options import PLACE, PageLimits
from vidnst.apps.page.paintings import painting_of
from vidnst.apps.page.rendering import Render
from vidnst.apps.page.uploads import Source, film_of, safe_name, style_of
from vidnst.errors import UsageError, VidnstError
from vidnst.options.built_in import BUILT_IN, built_in_style
from vidnst.options.shipped import shipped

if TYPE_CHECKING:
    from vidnst.apps.page.mirror import Mirror

_KEPT_SECONDS = 6 * 3600.0
_SWEPT_EVERY_SECONDS = 300.0
_MOST_AT_WORK = 2
_MOST_FILES = 40
"""A visitor's uploads and results, at most."""


class Session:
    """One visitor's uploads and renders. Only `token` gives access to it."""

    def __init__(self, folder: Path, limits: PageLimits) -> None:
        self.token = secrets.token_urlsafe(24)
        # Not named by the token, which is secret: paths may appear in messages.
        self.folder = folder / secrets.token_hex(8)
        self.limits = limits
        self.films: list[Source] = []
        self.styles: list[Source] = []
        self.masks: list[Source] = []
        self.paintings: dict[Path, dict[float, Source]] = {}
        """Painted frames of each film, by its path, and by their times in seconds."""
        self.renders: list[Render] = []
        self.preview: Render | None = None
        """A part of a film, painted to look at before the whole is."""
        self.choices: dict[str, Any] = {}
        """The page's settings, restored when it is reloaded."""
        self.mirror: Mirror | None = None
        """Paints the frames of the visitor's camera."""
        self.seen_seconds = time.monotonic()
        for path in filter(Path.exists, (shipped("samples/clip.mp4"),)):
            film = film_of(path, _told(path), PageLimits())
            self.films.append(replace(film, sample=True))
        self.styles += _built_in_styles()

    def new_folder(self) -> Path:
        """An empty folder of this session. Raises UsageError where it has many already."""
        self.folder.mkdir(mode=0o700, exist_ok=True)
        if sum(1 for _ in self.folder.iterdir()) >= _MOST_FILES:
            raise UsageError(f"{_MOST_FILES} files are the most a session holds: begin a new one")
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir()
        return folder

    def take_film(self, name: str, content: bytes) -> Source:
        """Keep an uploaded film. Raises what film_of raises; then nothing is kept."""
        with self._kept(name, content, otherwise="film") as path:
            self.films.append(film_of(path, path.name, self.limits))
        return self.films[-1]

    def take_style(self, name: str, content: bytes) -> Source:
        """Keep an uploaded picture. Raises what style_of raises; then nothing is kept."""
        with self._kept(name, content, otherwise="style") as path:
            self.styles.append(style_of(path, path.name, self.limits))
        return self.styles[-1]

    def take_mask(self, name: str, content: bytes) -> Source:
        """Keep a mask, uploaded or drawn. Raises what style_of raises; then nothing is kept."""
        with self._kept(name, content, otherwise="mask") as path:
            self.masks.append(style_of(path, path.name, self.limits))
        return self.masks[-1]

    def take_painting(self, film: Source, seconds: float, name: str, content: bytes) -> Source:
        """Keep a painting of a frame, in place of an earlier one of it.

        Raises what painting_of raises; then nothing is kept.
        """
        with self._kept(name, content, otherwise="painted.png") as path:
            painting = painting_of(path, path.name, film, seconds, self.limits)
        self.drop_painting(film, seconds)
        self.paintings.setdefault(film.path, {})[seconds] = painting
        return painting

    def drop_painting(self, film: Source, seconds: float) -> None:
        """Forget a painting; its file is removed, unless a render reads it."""
        painting = self.paintings.get(film.path, {}).pop(seconds, None)
        if painting is not None and all(
            painting not in render.choice.sources for render in self._with_preview
        ):
            shutil.rmtree(painting.path.parent, ignore_errors=True)

    def paintings_of(self, film: Source) -> tuple[tuple[float, Source], ...]:
        """The painted frames of a film, by time."""
        return tuple(sorted(self.paintings.get(film.path, {}).items(), key=lambda each: each[0]))

    def point_to_film(self, text: str) -> Source:
        """Use a film where it lies on this machine. Raises what film_of raises."""
        path = Path(text.strip().strip("\"'")).expanduser()
        path = Path(os.path.abspath(_place() / path))
        self.films.append(film_of(path, _told(path), self.limits))
        return self.films[-1]

    @contextmanager
    def _kept(self, name: str, content: bytes, *, otherwise: str) -> Iterator[Path]:
        if len(content) > self.limits.max_megabytes * 1e6:
            raise UsageError(
                f"{len(content) / 1e6:.0f} MB are too many: {self.limits.max_megabytes} MB are the "
                "most that is taken here"
            )
        path = self.new_folder() / safe_name(name, otherwise=otherwise)
        try:
            path.write_bytes(content)
            yield path
        except (OSError, VidnstError):
            shutil.rmtree(path.parent, ignore_errors=True)
            raise

    @property
    def _with_preview(self) -> list[Render]:
        return [*self.renders, *filter(None, [self.preview])]

    @property
    def at_work(self) -> bool:
        return any(render.at_work for render in self._with_preview)

    def close(self) -> None:
        """Stop all processes and remove all files."""
        for render in self._with_preview:
            render.end()
        if self.mirror is not None:
            self.mirror.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Sessions:
    """All open sessions, by their tokens."""

    def __init__(self, folder: Path, limits: PageLimits) -> None:
        self._folder, self._limits = folder, limits
        self._open: dict[str, Session] = {}
        self._lock = RLock()
        atexit.register(self.close)
        Thread(target=self._sweep, name="sweep", daemon=True).start()

    def open(self, token: str | None) -> Session:
        """The session of this token, or a new one where there is none."""
        with self._lock:
            session = self._open.get(token or "")
            if session is None:
                session = Session(self._folder, self._limits)
                self._open[session.token] = session
            session.seen_seconds = time.monotonic()
            return session

    def end(self, session: Session) -> None:
        """Close a session and remove its files."""
        with self._lock:
            self._open.pop(session.token, None)
        session.close()

    def begin(self, session: Session, choice: Choice) -> Render:
        """Start a new render in a session. Raises UsageError where it cannot start now."""
        self.require_turn()
        render = Render(choice, session.new_folder())
        session.renders.insert(0, render)
        render.start()
        return render

    def begin_preview(self, session: Session, choice: Choice) -> None:
        """Paint a part of a film, in place of the one before. Raises what begin raises."""
        self.end_preview(session)
        self.require_turn()
        session.preview = Render(choice, session.new_folder())
        session.preview.start()

    def end_preview(self, session: Session) -> None:
        """Stop the painting of a part, and remove it."""
        preview, session.preview = session.preview, None
        if preview is not None:
            preview.end()
            shutil.rmtree(preview.folder, ignore_errors=True)

    def require_turn(self) -> None:
        """Raises UsageError where too many renders are running."""
        with self._lock:
            at_work = sum(session.at_work for session in self._open.values())
        if at_work >= _MOST_AT_WORK:
            raise UsageError(f"{at_work} films are being painted already: wait until one is done")

    def close(self) -> None:
        """Close all sessions."""
        with self._lock:
            for session in list(self._open.values()):
                self.end(session)

    def end_unused(self, *, after_seconds: float = _KEPT_SECONDS) -> None:
        """Close sessions that have not been used for this time and run no render."""
        with self._lock:
            before = time.monotonic() - after_seconds
            for session in list(self._open.values()):
                if session.seen_seconds <= before and not session.at_work:
                    self.end(session)

    def _sweep(self) -> None:
        while True:
            time.sleep(_SWEPT_EVERY_SECONDS)
            with suppress(OSError):
                self.end_unused()


@lru_cache(maxsize=1)
def sessions(folder: Path, limits: PageLimits) -> Sessions:
    """The sessions of this process, kept between runs of the page's script."""
    return Sessions(folder, limits)


def _told(path: Path) -> str:
    """A path as written in a command that is run from the server's working directory."""
    return str(path.relative_to(_place()) if path.is_relative_to(_place()) else path)


def _place() -> Path:
    """The working directory of the command that serves the page."""
    return Path(os.environ.get(PLACE) or Path.cwd())


def _built_in_styles() -> list[Source]:
    """The built-in styles; by name, or by path where a file has the same name."""
    paths = {name: built_in_style(name) for name in BUILT_IN}
    return [
        Source(path, _told(path) if (_place() / name).exists() else name, sample=True)
        for name, path in paths.items()
        if path.exists()
    ]
