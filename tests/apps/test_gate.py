"""Who may see the page: only who has the address that it printed."""

import contextlib
import http.client
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from helpers.places import ROOT
from vidnst.apps.cli.page import _reached_at
from vidnst.errors import UsageError
from vidnst.live.admission import new_token

pytest.importorskip("streamlit", reason="streamlit is not installed")


@contextlib.contextmanager
def served(*arguments: str) -> Iterator[tuple[str, int]]:
    """The address that a server prints, and its process."""
    command = [sys.executable, "-m", "vidnst", "page", "--port", "0", *arguments]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert server.stdout is not None
    try:
        yield server.stdout.readline().split()[0], server.pid
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(20)
        server.stdout.close()


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with served() as (url, _):
        yield url


Answer = tuple[int, dict[str, str], bytes]


def ask(url: str, path: str, method: str = "GET", **headers: str) -> Answer:
    """A request by whoever reaches the port; header names with _ for -."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, headers=named)
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


def cookie_of(url: str) -> str:
    """What a browser that opens the printed address keeps."""
    status, headers, _ = ask(url, f"/?{urlsplit(url).query}")
    assert status == 303
    return headers["set-cookie"].partition(";")[0]


def test_another_account_sees_nothing_of_the_page(url: str) -> None:
    """It reaches the port, as all accounts of a machine do, but has not seen what was printed."""
    for path in ("/", "/index.html", "/_stcore/health", "/_stcore/host-config", "/media/x.mp4"):
        for wrong in ("", "?token=", "?token=guessed", "?session=guessed"):
            assert ask(url, path + wrong)[0] == 403
    assert ask(url, "/_stcore/upload_file/a/b", "PUT")[0] == 403
    port = urlsplit(url).port
    assert ask(url, "/", Cookie=f"vidnst-token-{port}=guessed")[0] == 403
    assert ask(url, "/")[2].startswith(b"Open the address that vidnst printed")


def test_the_printed_address_opens_it_and_leaves_the_address_bar(url: str) -> None:
    status, headers, _ = ask(url, f"/?session=abc&{urlsplit(url).query}")
    assert (status, headers["location"]) == (303, "?session=abc")
    assert headers["set-cookie"].endswith("; HttpOnly; SameSite=Lax")
    status, headers, text = ask(url, "/?session=abc", Cookie=f"other=1; {cookie_of(url)}")
    assert status == 200
    assert b"<html" in text
    assert "frame-ancestors 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "SAMEORIGIN"


def handshake(url: str, **headers: str) -> int:
    """The status that the server answers a WebSocket with, through which all of the page goes."""
    return ask(
        url, "/_stcore/stream", Connection="Upgrade", Upgrade="websocket",
        Sec_WebSocket_Version="13", Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==", **headers,
    )[0]  # fmt: skip


def test_another_site_gets_no_connection_even_with_the_cookie(url: str) -> None:
    """Pages of other ports of a host are the same site to a browser, which sends the cookie."""
    cookie, here = cookie_of(url), f"http://{urlsplit(url).netloc}"
    assert handshake(url, Cookie=cookie, Origin=here) == 101
    assert handshake(url, Origin=here) == 403
    for foreign in ("http://127.0.0.1:9", "https://example.org", "null"):
        assert handshake(url, Cookie=cookie, Origin=foreign) == 403
        assert ask(url, "/", Cookie=cookie, Origin=foreign)[0] == 403


def test_the_token_is_among_no_arguments(url: str) -> None:
    """All accounts can list the arguments of all processes."""
    if not os.path.isdir("/proc/self"):
        pytest.skip("there is no /proc")
    token = urlsplit(url).query.partition("=")[2]
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{pid}/cmdline", "rb") as file:
            assert token.encode() not in file.read()


def test_a_page_for_other_machines_prints_an_address_they_can_open() -> None:
    with served("--host", "0.0.0.0") as (url, _):
        assert re.fullmatch(r"http://[\d.]+:\d+/\?token=[\w-]{32}", url)
        assert urlsplit(url).hostname == _reached_at("0.0.0.0") != "0.0.0.0"
        # A phone's browser: the origin is this machine's own address.
        here = f"http://{urlsplit(url).netloc}"
        assert handshake(url, Cookie=cookie_of(url), Origin=here) == 101


def test_no_origin_makes_the_server_ask_elsewhere() -> None:
    """Streamlit would ask a server on the internet whether an unknown origin is this machine."""
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.settimeout(3)
        caught = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        names = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
        with pytest.MonkeyPatch.context() as patch:
            for name in names:
                patch.setenv(name, caught)
            with served("--host", "0.0.0.0") as (url, _):
                cookie = cookie_of(url)
                for origin in ("http://phone.example", f"http://{urlsplit(url).netloc}"):
                    handshake(url, Cookie=cookie, Origin=origin)
                with pytest.raises(TimeoutError):
                    proxy.accept()


def test_a_token_of_ones_own_keeps_the_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDNST_TOKEN", "always-the-same-16")
    assert new_token() == "always-the-same-16"
    for guessable in ("short", "with spaces in it ...", "sixteen&more=chars"):
        monkeypatch.setenv("VIDNST_TOKEN", guessable)
        with pytest.raises(UsageError, match="VIDNST_TOKEN"):
            new_token()
