"""What is freed is used again, without asking the system."""

import platform
import subprocess
import sys

import pytest

from helpers.places import ROOT

FAULTS = """
import resource, sys
import torch
if sys.argv[1] == "keep":
    from vidnst.nets.allocator import keep_freed_memory
    keep_freed_memory()
for _ in range(30):
    torch.ones(2_000_000)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(30):
    torch.ones(2_000_000)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's allocator")
def test_freed_memory_is_not_given_back_between_frames() -> None:
    faults = {
        mode: int(subprocess.check_output([sys.executable, "-c", FAULTS, mode], cwd=ROOT))
        for mode in ("keep", "plain")
    }
    assert faults["keep"] < 100
    assert faults["keep"] <= faults["plain"]
