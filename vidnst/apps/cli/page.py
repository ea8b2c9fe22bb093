"""vidnst page: a web page in place of the command line."""

import json
import os
import socket
import subprocess
import time
from dataclasses import asdict
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

from vidnst.apps.cli.fields import add_options, given_options
from vidnst.apps.cli.parser import Parser
from vidnst.apps.page.options import PLACE, PageLimits, PageOptions
from vidnst.errors import OutputError, UsageError
from vidnst.film.workers.isolation import python_command

_PATIENCE_SECONDS = 60.0
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
        help="the address to serve; any but loopback lets other machines in, without a password "
        "(default: %(default)s)",
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
    with session_root() as folder:
        server = _serve(options, port, folder)
        try:
            _await_answer(server, options, port)
            shown = f"[{options.host}]" if ":" in options.host else options.host
            print(f"http://{shown}:{port}/   (Ctrl-C ends it)", flush=True)
            code = server.wait()
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
    raise OutputError(f"the page's server ended unexpectedly (code {code})")


def _serve(options: PageOptions, port: int, folder: Path) -> "subprocess.Popen[bytes]":
    """Start Streamlit with its settings; it ignores variables that its version does not know."""
    settings = {
        "SERVER_ADDRESS": options.host,
        "SERVER_PORT": port,
        "SERVER_HEADLESS": "true",
        "SERVER_MAX_UPLOAD_SIZE": options.limits.max_megabytes,
        "SERVER_ENABLE_CORS": "true",
        "SERVER_ENABLE_XSRF_PROTECTION": "true",
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
    script = str(files("vidnst.apps.page").joinpath("app.py"))
    environment |= {"VIDNST_PAGE": told, PLACE: os.getcwd()}
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


def _await_answer(server: "subprocess.Popen[bytes]", options: PageOptions, port: int) -> None:
    """Raises OutputError where the server ends, or does not answer."""
    import urllib.request

    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(options.host, options.host)
    url = f"http://{f'[{host}]' if ':' in host else host}:{port}/_stcore/health"
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            with direct.open(url, timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise OutputError("the page's server does not start (its words are above)")
