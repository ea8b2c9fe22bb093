"""Which ffmpeg program is run on whole files."""

import imageio_ffmpeg

from vidnst.errors import MediaError


def ffmpeg_program() -> str:
    """The ffmpeg that imageio-ffmpeg bundles, version 7 or newer; IMAGEIO_FFMPEG_EXE overrides it.

    The system's can be years older (5.1 on Debian 12) and writes different files: cut streams
    begin late, color tags are lost. It is used only where imageio-ffmpeg bundles none.

    Raises MediaError where there is no ffmpeg at all.
    """
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise MediaError("there is no ffmpeg on this machine: install one") from error
