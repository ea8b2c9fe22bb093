"""Which ffmpeg does the work on whole files."""

import shutil

import imageio_ffmpeg


def ffmpeg_program() -> str:
    """The system's ffmpeg, or the one that imageio-ffmpeg carries."""
    return shutil.which("ffmpeg") or imageio_ffmpeg.get_ffmpeg_exe()
