"""The page's server, which Streamlit runs: its script behind a gate."""

import json
import os
from pathlib import Path

from starlette.middleware import Middleware
from streamlit.starlette import App

from vidnst.apps.page.gate import Gate
from vidnst.apps.page.options import GATE

app = App(
    Path(__file__).with_name("app.py"),
    middleware=[Middleware(Gate, **json.loads(os.environ[GATE]))],
)
