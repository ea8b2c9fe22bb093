"""Threads that wait for each other sleep, and do not hold a busy machine's cores."""

import os
import subprocess
import sys

import pytest

from helpers.places import ROOT

SAYS_WHEN_TORCH_LOADS = """
import os, sys

class Watch:
    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            told = [os.environ.get(each, "-") for each in ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")]
            print("torch loads:", *told, flush=True)
            os._exit(0)

sys.meta_path.insert(0, Watch())
"""
COMMAND = f"""
from vidnst.apps.cli.main import main
picture = {str(ROOT / "samples" / "wave.jpg")!r}
main([picture, "--style", picture, "--strength", "0", "--size", "64", "-o", "out.png"])
"""
NODE = "import vidnst.film.workers.cluster"
"""What a worker does on another machine, to which no variable of ours comes."""


@pytest.mark.parametrize("program", [COMMAND, NODE], ids=["command", "node"])
@pytest.mark.parametrize(
    ("own", "told"),
    [
        ({}, "passive -"),
        ({"OMP_WAIT_POLICY": "active"}, "active -"),
        ({"GOMP_SPINCOUNT": "777"}, "passive 777"),  # This goes before the policy.
    ],
)
def test_waiting_threads_sleep_unless_the_user_says_otherwise(
    program: str, own: dict[str, str], told: str
) -> None:
    names = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-c", SAYS_WHEN_TORCH_LOADS + program],
        env=clean | own, cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == f"torch loads: {told}\n"
