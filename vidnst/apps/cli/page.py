"""vidnst page: a web page in place of the command line."""

import json
import os
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import asdict
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from vidnst.apps.cli.fields import add_options, given_options
from vidnst.apps.cli.parser import Parser
from vidnst.apps.page.options import GATE, PLACE, PageLimits, PageOptions
from vidnst.errors import OutputError, UsageError
from vidnst.film.workers.isolation import python_command
from vidnst.live.admission import address, at_path, new_token

_PATIENCE_SECONDS = 60.0
_HERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Where this machine itself reaches a server that listens at all its addresses."""
_LOOPBACK_NAMES = "127.0.0.1 localhost ::1"


def page_parser() -> Parser:
    """The arguments of the page."""
    parser = Parser(
        prog="vidnst page",
        description="Serve a page that paints films: try styles on a still, render, compare.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--host", default=PageOptions.host,
        help="the address to serve; any but loopback lets in other machines that have what is "
        "printed (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=PageOptions.port,
        help="0 takes any that is free (default: %(default)s)",
    )  # fmt: skip
    add_options(parser.add_argument_group("the largest film that is taken"), PageLimits)
    return parser


def run(arguments: list[str]) -> int:
    """Serve until Ctrl-C, which is the exit code 130."""
    args = page_parser().parse_args(arguments)
    limits = PageLimits(**given_options(args, PageLimits))
    options = PageOptions(args.host, args.port, limits)
    if find_spec("streamlit") is None:
        raise UsageError("vidnst page needs streamlit: pip install 'vidnst[page]'")
    from vidnst.apps.page.folders import session_root

    port = _free_port(options)
    token = new_token()
    with session_root() as folder:
        server = _serve(options, port, folder, token)
        try:
            here = address(_HERE.get(options.host, options.host), port, token)
            _await_answer(server, at_path(here, "/_stcore/health"))
            shown = address(_reached_at(options.host), port, token)
            print(f"{shown}   (Ctrl-C ends it)", flush=True)
            code = server.wait()
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    raise OutputError(f"the page's server ended unexpectedly (code {code})")


def _reached_at(host: str) -> str:
    """The address by which other machines reach a server that listens at all of this machine's."""
    if host not in _HERE:
        return host
    family, elsewhere = (
        (socket.AF_INET6, "2001:db8::1") if ":" in host else (socket.AF_INET, "192.0.2.1")
    )
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as tried:
        # To an address of no machine (RFC 5737, 3849); for UDP, nothing is sent.
        tried.connect((elsewhere, 9))
        return str(tried.getsockname()[0])
    return _HERE[host]


def _serve(options: PageOptions, port: int, folder: Path, token: str) -> "subprocess.Popen[bytes]":
    """Start Streamlit with its settings; it ignores variables that its version does not know."""
    settings = {
        "SERVER_ADDRESS": options.host,
        "SERVER_PORT": port,
        "SERVER_HEADLESS": "true",
        "SERVER_MAX_UPLOAD_SIZE": options.limits.max_megabytes,
        # Both would ask a server on the internet for this machine's address: to print it, and to
        # compare requests' origins with it. The gate asks for a cookie and turns other sites away.
        "LOGGER_HIDE_WELCOME_MESSAGE": "true",
        "SERVER_ENABLE_CORS": "false",
        "SERVER_ENABLE_XSRF_PROTECTION": "false",
        "SERVER_FILE_WATCHER_TYPE": "none",
        "SERVER_SHOW_EMAIL_PROMPT": "false",
        "BROWSER_GATHER_USAGE_STATS": "false",
        "CLIENT_TOOLBAR_MODE": "minimal",
        "CLIENT_SHOW_ERROR_DETAILS": "none",
        "THEME_LIGHT_PRIMARY_COLOR": "#0b6fa4",
        "THEME_DARK_PRIMARY_COLOR": "#2485bd",
    }
    if options.local:
        # Against DNS rebinding, by which foreign pages reach this server under other names.
        settings["SERVER_ALLOWED_HOSTS"] = _LOOPBACK_NAMES
    environment = {f"STREAMLIT_{name}": str(value) for name, value in settings.items()}
    told = json.dumps({"folder": str(folder), "local": options.local, **asdict(options.limits)})
    script = str(files("vidnst.apps.page").joinpath("server.py"))
    gate = json.dumps({"token": token, "port": port})
    environment |= {"VIDNST_PAGE": told, PLACE: os.getcwd(), GATE: gate}
    if cache := os.environ.get("VIDNST_CACHE"):
        environment["VIDNST_CACHE"] = os.path.abspath(cache)
    return subprocess.Popen(
        python_command("streamlit", "run", script),
        # Not the caller's folder, which may hold modules and Streamlit settings.
        cwd=folder,
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,  # Its end stops the server: see vidnst/apps/page/app.py.
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )


def _free_port(options: PageOptions) -> int:
    """Raises OutputError where the address cannot be served."""
    try:
        family = socket.getaddrinfo(options.host, options.port, type=socket.SOCK_STREAM)[0][0]
        with socket.socket(family, socket.SOCK_STREAM) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((options.host, options.port))
            return int(tried.getsockname()[1])
    except OSError as error:
        raise OutputError(
            f"port {options.port} cannot be served on {options.host}: {error.strerror}; give "
            "another --port, or 0 for any that is free"
        ) from error


def _await_answer(server: "subprocess.Popen[bytes]", url: str) -> None:
    """Raises OutputError where the server ends, or does not answer."""
    import urllib.request

    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with direct.open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise OutputError("the page's server does not start (its words are above)")
