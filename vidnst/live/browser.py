"""A loopback HTTP page that shows the live picture as Motion JPEG, with buttons for the keys."""

import json
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import fields
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Condition, Thread
from typing import Any, get_args

import cv2

from vidnst.errors import OutputError
from vidnst.frames.frame import Picture
from vidnst.live.admission import FOREIGN, REFUSED, Admission, address, from_here, new_token
from vidnst.live.outputs import Action, Shown, Status

_LOOPBACK = "127.0.0.1"
_NAMES = ("127.0.0.1", "localhost")
_BOUNDARY = "frame"
_QUALITY = 85
_MOST_ACTIONS = 32
_PATIENCE_SECONDS = 5.0
"""Socket timeout: a browser that accepts no data for this long is disconnected."""
_FAREWELL_SECONDS = 3.0
"""How long close() serves the final status: pages poll twice a second, hidden ones once."""

_NO_FIGURES: dict[str, Any] = dict.fromkeys(field.name for field in fields(Status))


class Page:
    """Serves the newest frame to all browsers on this machine, each at its own rate."""

    def __init__(self, port: int) -> None:
        """port: 0 picks any free one. Raises OutputError where it is in use."""
        self._changed = Condition()
        self._shown: Shown | None = None
        self._number = 0
        self._encoded = (0, b"")
        self._actions: deque[Action] = deque(maxlen=_MOST_ACTIONS)
        self._untold = 0
        self.closed = False
        try:
            self._server = _Server((_LOOPBACK, port), self)
        except OSError as error:
            raise OutputError(
                f"port {port} cannot be served on {_LOOPBACK}: {error.strerror}; give another "
                "`http`, or 0 for any that is free"
            ) from error
        self.port = int(self._server.server_address[1])
        token = new_token()
        self.admission = Admission(token, self.port)
        self.url = address(_LOOPBACK, self.port, token)
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.1,), name="page", daemon=True
        )
        self._thread.start()

    def show(self, shown: Shown) -> None:
        with self._changed:
            self._shown = shown
            self._number += 1
            self._changed.notify_all()

    def actions(self) -> list[Action]:
        asked = []
        while self._actions:
            asked.append(self._actions.popleft())
        return asked

    def action(self, action: Action) -> None:
        """Take an action from a browser."""
        self._actions.append(action)

    def status(self) -> dict[str, Any]:
        """The state (starting, running or ended) and the newest frame's Status; before it, None."""
        shown = self._shown
        state = "ended" if self.closed else "running" if shown is not None else "starting"
        figures = shown.status.as_dict() if shown is not None else _NO_FIGURES
        return {"state": state, **figures}

    @contextmanager
    def looked_at(self) -> Iterator[None]:
        """Count a page that shows the stream: close() waits until it has seen the final status."""
        with self._changed:
            self._untold += 1
        try:
            yield
        finally:
            if not self.closed:
                self.told()

    def told(self) -> None:
        """A page has seen the final status, or has disconnected."""
        with self._changed:
            self._untold -= 1
            self._changed.notify_all()

    def jpeg_after(self, number: int) -> tuple[int, bytes, float] | None:
        """Wait for a frame newer than this one: its number, JPEG and time of capture.

        None at the end.
        """
        with self._changed:
            self._changed.wait_for(lambda: self.closed or self._number > number)
            if self.closed or self._shown is None:
                return None
            # Encoded once for all browsers, in the first requesting thread.
            if self._encoded[0] != self._number:
                self._encoded = self._number, _jpeg(self._shown.looked_at)
            return (*self._encoded, self._shown.captured_seconds)

    def close(self) -> None:
        """End all streams, and stop serving once the pages have seen the final status."""
        if self.closed:
            return
        with self._changed:
            self.closed = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._untold <= 0, _FAREWELL_SECONDS)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Do not join request threads: streams end by themselves, and a browser may hang.
    block_on_close = False

    def __init__(self, address: tuple[str, int], page: Page) -> None:
        self.page = page
        super().__init__(address, _Answer)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore errors: a browser may disconnect at any time."""


class _Answer(BaseHTTPRequestHandler):
    server: _Server
    timeout = _PATIENCE_SECONDS

    def do_GET(self) -> None:
        if not self._admitted():
            return
        path, _, query = self.path.partition("?")
        if path == "/" and self.server.page.admission.knocks(query):
            self.send_response(HTTPStatus.SEE_OTHER)
            self.send_header("Location", "./")
            self.send_header("Set-Cookie", self.server.page.admission.cookie)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif path == "/":
            page = files("vidnst.live").joinpath("page.html").read_bytes()
            self._send("text/html; charset=utf-8", page)
        elif path == "/status":
            status = self.server.page.status()
            self._send("application/json", json.dumps(status).encode())
            if status["state"] == "ended" and self.command == "GET":
                self.server.page.told()
        elif path == "/stream.mjpg":
            # Other programs may read the stream too, but only our page polls the status.
            with self.server.page.looked_at() if "page" in query.split("&") else nullcontext():
                self._stream()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_HEAD(self) -> None:
        """The same as GET, without the body (RFC 9110, section 9.3.2)."""
        self.do_GET()

    def do_POST(self) -> None:
        if not self._admitted():
            return
        place, _, action = self.path.partition("?")[0].rpartition("/")
        if place != "/action" or action not in get_args(Action):
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.server.page.action(action)  # type: ignore[arg-type]
        self._send("application/json", b"{}")

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: stderr is for errors."""

    def _admitted(self) -> bool:
        # Requests with another Host header are rejected against DNS rebinding.
        host, admission = self.headers.get("Host"), self.server.page.admission
        if host not in [f"{name}:{self.server.page.port}" for name in _NAMES]:
            self.send_error(HTTPStatus.FORBIDDEN, "ask for this page as localhost")
        elif not from_here(self.headers.get("Origin"), host):
            self.send_error(HTTPStatus.FORBIDDEN, FOREIGN)
        elif not (
            admission.knocks(self.path.partition("?")[2])
            or admission.knows(self.headers.get("Cookie"))
        ):
            self.send_error(HTTPStatus.FORBIDDEN, REFUSED)
        else:
            return True
        return False

    def _head(self, kind: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("X-Frame-Options", "DENY")
        # Other sites must not show what the camera sees.
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")

    def _send(self, kind: str, body: bytes) -> None:
        self._head(kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _stream(self) -> None:
        self._head(f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.end_headers()
        if self.command == "HEAD":
            return
        number = 0
        while (newest := self.server.page.jpeg_after(number)) is not None:
            number, jpeg, captured_seconds = newest
            head = (
                f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n"
                f"X-Captured-Seconds: {captured_seconds:.6f}\r\n\r\n"
            )
            self.wfile.write(head.encode() + jpeg + b"\r\n")


def _jpeg(picture: Picture) -> bytes:
    quality = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    return cv2.imencode(".jpg", picture[:, :, ::-1], quality)[1].tobytes()
