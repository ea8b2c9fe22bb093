"""ASGI middleware that lets in only who has the printed address (live/admission.py)."""

from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any

from vidnst.live.admission import FOREIGN, REFUSED, Admission, from_here, without_token

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]

_HEADERS: Headers = (
    # The page's own components are frames of it.
    (b"content-security-policy", b"frame-ancestors 'self'"),
    (b"x-frame-options", b"SAMEORIGIN"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


class Gate:
    """Asks for the token, in the address once and in a cookie from then on."""

    def __init__(self, app: Application, token: str, port: int) -> None:
        self._app, self._admission = app, Admission(token, port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        query = scope["query_string"].decode("latin-1")
        if not from_here(headers.get("origin"), headers.get("host")):
            await _answer(scope, receive, send, HTTPStatus.FORBIDDEN, FOREIGN)
        elif self._admission.knocks(query) and scope["path"] == "/":
            rest = without_token(query)
            # Relative, since a proxy may serve the page under another path.
            place = f"?{rest}" if rest else "./"
            welcome = (
                (b"location", place.encode()),
                (b"set-cookie", self._admission.cookie.encode()),
            )
            await _answer(scope, receive, send, HTTPStatus.SEE_OTHER, "", welcome)
        elif self._admission.knocks(query) or self._admission.knows(headers.get("cookie")):
            await self._app(scope, receive, _guarded(send))
        else:
            await _answer(scope, receive, send, HTTPStatus.FORBIDDEN, REFUSED)


def _guarded(send: Send) -> Send:
    """Send responses with the headers above, in place of those of the same names."""
    ours = {name for name, _ in _HEADERS}

    async def guarded(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            kept = [pair for pair in message.get("headers", ()) if pair[0].lower() not in ours]
            message["headers"] = [*kept, *_HEADERS]
        await send(message)

    return guarded


async def _answer(
    scope: Scope,
    receive: Receive,
    send: Send,
    status: HTTPStatus,
    words: str,
    headers: Headers = (),
) -> None:
    if scope["type"] == "websocket":
        await receive()  # The handshake; a close before it is accepted refuses it with 403.
        await send({"type": "websocket.close", "code": 1008})
        return
    kind = ((b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store"))
    start = {"type": "http.response.start", "status": int(status)}
    await send({**start, "headers": [*kind, *_HEADERS, *headers]})
    await send({"type": "http.response.body", "body": words.encode()})
