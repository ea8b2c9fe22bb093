"""Who is let in to a server of this machine: only who has its address, which holds a token.

Every account of a machine reaches every port of it, and so do the scripts of sites that a browser
shows. A visitor gives the token once, with the printed address, and has a cookie from then on.
"""

import os
import re
import secrets
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from vidnst.errors import UsageError

TOKEN = "token"
"""The name of the query parameter and, with the port, of the cookie."""
_CHOSEN = "VIDNST_TOKEN"
"""The environment variable with a token of one's own: arguments are seen by all accounts."""
REFUSED = "Open the address that vidnst printed: it ends in ?token=... and lets you in."
FOREIGN = "Another site may not ask for this."


def new_token() -> str:
    """A random token of 192 bits, or that of VIDNST_TOKEN, for an address that is to stay.

    Raises UsageError for one that is easily guessed or that an address cannot hold.
    """
    chosen = os.environ.get(_CHOSEN)
    if chosen and not re.fullmatch(r"[\w-]{16,}", chosen, re.ASCII):
        raise UsageError(f"{_CHOSEN} must be 16 or more letters, digits, - and _")
    return chosen or secrets.token_urlsafe(24)


def address(host: str, port: int, token: str) -> str:
    """The address that lets in."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/?{TOKEN}={token}"


def at_path(address: str, path: str) -> str:
    """The address of another path of the same server, such as /status."""
    return urlunsplit(urlsplit(address)._replace(path=path))


class Admission:
    """Checks requests to one server."""

    def __init__(self, token: str, port: int) -> None:
        """port: cookies are shared by all ports of a host, so the cookie is named after it."""
        self._token = token
        self._name = f"vidnst-{TOKEN}-{port}"

    @property
    def cookie(self) -> str:
        """The value of Set-Cookie that lets a browser in from now on."""
        return f"{self._name}={self._token}; Path=/; HttpOnly; SameSite=Lax"

    def knocks(self, query: str) -> bool:
        """Whether a query string holds the token."""
        return any(name == TOKEN and self._is_ours(value) for name, value in _pairs(query))

    def knows(self, cookies: str | None) -> bool:
        """Whether a Cookie header holds the token."""
        pairs = (pair.partition("=") for pair in re.split(r";\s*", cookies or ""))
        return any(name == self._name and self._is_ours(value) for name, _, value in pairs)

    def _is_ours(self, token: str) -> bool:
        # In constant time: else its characters could be found out one by one.
        return secrets.compare_digest(token.encode(), self._token.encode())


def without_token(query: str) -> str:
    """A query string without the token: addresses are shared, and browsers keep them."""
    return urlencode([pair for pair in _pairs(query) if pair[0] != TOKEN])


def from_here(origin: str | None, host: str | None) -> bool:
    """Whether a request, by its Origin and Host headers, comes from the server's own page.

    Or from no page: browsers send the origin with what could change something or open a connection.
    """
    return origin is None or urlsplit(origin).netloc == (host or "")


def _pairs(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True)
