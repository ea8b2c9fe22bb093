"""Which ffmpeg does the work on whole files."""

import imageio_ffmpeg

from vidnst.errors import MediaError


def ffmpeg_program() -> str:
    """The ffmpeg that imageio-ffmpeg carries, version 7 or newer; IMAGEIO_FFMPEG_EXE names another.

    The system's own can be years older (5.1 on Debian 12) and writes other files: cut streams
    begin late, colors lose their tags. It is used only where imageio-ffmpeg carries none.

    Raises MediaError where there is no ffmpeg at all.
    """
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MediaError("there is no ffmpeg on this machine: install one") from error
