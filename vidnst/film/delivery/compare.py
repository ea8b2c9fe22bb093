"""A comparison film: the source and the painted film side by side, or each in one half."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from subprocess import Popen
from tempfile import TemporaryFile
from typing import Any

import av
import cv2
import ffmpeg
import numpy as np
from av.video.stream import VideoStream

from vidnst.errors import UsageError
from vidnst.film.delivery.labels import label
from vidnst.frames.frame import Frame
from vidnst.media.clip import Clip, probe
from vidnst.media.color import BT709, LIMITED_RANGE, conversion_matrix, has_alpha, is_rgb
from vidnst.media.containers import Encoding, audio_codec, choose_encoding, container_of
from vidnst.media.excerpt import Excerpt
from vidnst.media.ffmpeg_program import ffmpeg_program
from vidnst.media.join import ffmpeg_failure, first_timestamp
from vidnst.media.names import graph_name, looks_numbered, real_names
from vidnst.media.places import cannot_write
from vidnst.media.source import Reading, Source
from vidnst.options.output import CompareAs, EncodeOptions

_MATRIX_NAMES = {1: "bt709", 4: "fcc", 5: "bt601", 7: "smpte240m", 9: "bt2020nc"}
_CLOCK = Fraction(1, 1_000_000)
_LINE_PX = 2


def comparison_encoding(target: Path, size_hw: tuple[int, int], how: CompareAs) -> Encoding:
    """How a comparison of films of this size is encoded. Raises UsageError where it is no film."""
    if container_of(target).format in ("gif", "image2"):
        raise UsageError(f"`compare` {target}: name a film, such as compare.mp4")
    height, width = size_hw
    return choose_encoding(target, EncodeOptions(), (height, 2 * width if how == "side" else width))


def write_comparison(
    source: Source,
    painted: Path,
    target: Path,
    *,
    how: CompareAs,
    name: str,
    folder: Path,
    excerpt: Excerpt,
) -> None:
    """Write target: the source and its painted film, frame by frame, with the painted film's sound.

    how: side by side, or the source's left half beside the other's right. name labels the painted
    one. folder: for temporary files.

    Raises OutputError where the disk is full and MediaError with ffmpeg's last words otherwise.
    """
    result = probe(painted)
    encoding = comparison_encoding(target, result.size_hw, how)
    words = folder / "labels.png"
    _write_labels(words, result.size_hw, how, name)

    # overlay pairs frames by timestamp, but the painted film's container may have rounded its own.
    # Delaying them by almost a tick makes each meet the source frame of its time.
    later = round((result.time_base * 3 / 4 + Fraction(1, 10_000)) / _CLOCK)
    kind = {"format": result.container.split(",")[0]} if looks_numbered(painted) else {}
    film = ffmpeg.input(graph_name(painted), **kind)
    right = _in_rgb(film["v:0"], result).filter("settb", str(_CLOCK))
    right = right.filter("setpts", f"PTS+{later}")
    left = ffmpeg.input("pipe:", format="nut")["v:0"]
    if how == "side":
        right = right.filter("pad", "2*iw", "ih", "iw", 0)
    else:
        left = left.filter("crop", "floor(iw/2)", "ih", 0, 0, exact=1)
    # overlay emits an extra frame when an input ends, unless it stops at the shortest input.
    left = left.filter("tpad", stop=-1, stop_mode="clone")
    both = right.overlay(left, format="gbrp", shortest=1)
    both = both.overlay(ffmpeg.input(graph_name(words), format="png_pipe"), format="gbrp")
    shown = both.filter("setpts", f"PTS-{later}").filter(
        "scale", out_color_matrix="bt709", out_range="tv"
    )
    sound = [film[f"a:{index}"] for index in range(len(result.audio))]
    job = ffmpeg.output(shown, *sound, graph_name(target), **_output_options(encoding, result))
    frames = source.frames(Reading(result.size_hw, excerpt))
    _run(job, _beginning_at(first_timestamp(painted), frames), target)


def _beginning_at(first: Fraction, frames: Iterable[Frame]) -> Iterator[Frame]:
    """Shift timestamps, in units of _CLOCK, so that the first frame is at `first`, in seconds.

    Some containers, such as GIF, begin at 0 whatever the source's first timestamp is.
    """
    shift: Fraction | None = None
    for frame in frames:
        seconds = frame.pts * frame.time_base
        shift = first - seconds if shift is None else shift
        yield replace(frame, pts=round((seconds + shift) / _CLOCK), time_base=_CLOCK)


def _in_rgb(film: Any, clip: Clip) -> Any:
    """The filters that bring a film to RGB as decode does; transparent parts show black."""
    if not is_rgb(clip.pixel_format):
        matrix = _MATRIX_NAMES[conversion_matrix(clip.color, clip.size_hw)]
        film = film.filter("scale", in_color_matrix=matrix)
    if has_alpha(clip.pixel_format):
        film = film.filter("format", "gbrap").filter("premultiply", inplace=1)
    return film.filter("format", "gbrp")


def _output_options(encoding: Encoding, film: Clip) -> dict[str, Any]:
    options: dict[str, Any] = {
        "copyts": None,
        "format": encoding.container.format,
        "c:v": encoding.codec,
        "pix_fmt": encoding.pixel_format,
        "enc_time_base": str(film.time_base),
        "colorspace": BT709.matrix,
        "color_range": LIMITED_RANGE,
    }
    options |= {f"{name}:v": value for name, value in encoding.codec_options.items()}
    for index, codec in enumerate(film.audio):
        options[f"c:a:{index}"] = audio_codec(encoding.container, codec)
    if encoding.container.format in ("mp4", "mov"):
        options["movflags"] = "+faststart"
    return options


def _write_labels(path: Path, size_hw: tuple[int, int], how: CompareAs, name: str) -> None:
    """A transparent picture of the comparison's size, with the two names and a line between."""
    height, width = size_hw
    middle = width if how == "side" else width // 2
    sheet = np.zeros((height, 2 * width if how == "side" else width, 4), np.uint8)
    if how == "split":
        sheet[:, max(0, middle - _LINE_PX // 2) :][:, :_LINE_PX] = 255
    tall = min(height, max(14, height // 20))
    for text, left in (("source", 0), (name if name.isascii() else "painted", middle)):
        words = label(text, tall)[:, : sheet.shape[1] - left]
        sheet[-words.shape[0] :, left:][:, : words.shape[1]] = words
    done, data = cv2.imencode(".png", sheet)
    assert done
    try:
        path.write_bytes(data.tobytes())
    except OSError as error:
        raise cannot_write(path, error) from error


def _run(job: Any, frames: Iterable[Frame], target: Path) -> None:
    """Run ffmpeg, with the frames on its standard input."""
    with TemporaryFile() as said:
        process = Popen(
            real_names(
                ffmpeg.compile(
                    job.global_args("-hide_banner", "-loglevel", "error"),
                    cmd=ffmpeg_program(),
                    overwrite_output=True,
                )
            ),
            stdin=-1, stdout=said, stderr=said,
        )  # fmt: skip
        try:
            _feed(process, frames)
        finally:
            if process.poll() is None:
                process.kill()
        said.seek(0)
        words = said.read().decode(errors="replace").strip().splitlines() or ["it said nothing"]
    if process.returncode == 0:
        return
    raise ffmpeg_failure(words, target, "writing the comparison")


def _feed(process: "Popen[bytes]", frames: Iterable[Frame]) -> None:
    """Write raw frames with their timestamps until all are written or ffmpeg exits."""
    assert process.stdin is not None
    try:
        with process.stdin, av.open(process.stdin, "w", format="nut") as pipe:
            stream: VideoStream | None = None
            for frame in frames:
                if stream is None:
                    stream = pipe.add_stream("rawvideo", rate=25)
                    stream.height, stream.width = frame.picture.shape[:2]
                    stream.pix_fmt = "rgb24"
                    stream.codec_context.time_base = stream.time_base = _CLOCK
                picture = av.VideoFrame.from_ndarray(frame.picture, format="rgb24")
                picture.pts, picture.time_base = frame.pts, frame.time_base
                pipe.mux(stream.encode(picture))
    except (BrokenPipeError, av.error.PyAVCallbackError):
        pass  # ffmpeg has exited; its messages give the reason.
    process.wait()
