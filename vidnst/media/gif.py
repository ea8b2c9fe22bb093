"""Films as GIF: a palette per frame, delays that players support, the source's loop count."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.filter import Graph

from vidnst.errors import MediaError
from vidnst.media.clip import Clip
from vidnst.media.names import ffmpeg_name
from vidnst.media.picture_files import plays_of_png
from vidnst.media.places import cannot_write

TICK = Fraction(1, 100)
_SHORTEST = 2
"""In ticks; players replace a shorter delay by 100 ms."""
_LONGEST = 65_535
"""In ticks; a delay is a 16-bit number."""
_FOREVER, _ONCE = 0, -1


def shown_ticks(seconds: Sequence[Fraction], end: Fraction) -> tuple[dict[int, list[int]], int]:
    """When each frame is shown, in ticks from the first, by its index; and the last one's delay.

    A frame that would be a tick or more late is dropped. One that is shown longer than the longest
    delay is repeated: it has several times. seconds, end: timestamps of the frames and of the end.
    """
    begins = seconds[0]
    ticks: dict[int, int] = {}
    free = 0
    for index, time in enumerate(seconds):
        exact = (time - begins) / TICK
        tick = max(free, round(exact))
        if tick - exact < 1:
            ticks[index] = tick
            free = tick + _SHORTEST
    until = round((end - begins) / TICK)
    if len(ticks) > 1 and until < free:
        ticks.popitem()
    until = max(until, max(ticks.values()) + _SHORTEST)
    ends = [*list(ticks.values())[1:], until]
    shown = {
        index: list(range(tick, ends[at] - _SHORTEST + 1, _LONGEST - _SHORTEST))
        for at, (index, tick) in enumerate(ticks.items())
    }
    return shown, until - shown[max(shown)][-1]


def loop_count(path: Path) -> int:
    """The loop option of FFmpeg's muxer, read from a GIF or PNG; all other films loop forever."""
    try:
        content = path.read_bytes()
    except OSError:
        return _FOREVER
    if plays := plays_of_png(content):
        return plays - 1 or _ONCE
    if not content.startswith(b"GIF8"):
        return _FOREVER
    # The NETSCAPE2.0 application extension: a block of 11 bytes, then one of 3.
    _, found, after = content.partition(b"\x21\xff\x0bNETSCAPE2.0\x03\x01")
    return int.from_bytes(after[:2], "little") if found else _ONCE


def write_gif(
    clip: Clip, parts: Sequence[Path], pts: Sequence[int], target: Path, *, end: int
) -> None:
    """Write a GIF from parts, films that hold the frames in order.

    pts, end: timestamps of each frame and of the film's end, in units of the clip's time_base.
    Raises OutputError where the disk is full, MediaError where FFmpeg fails.
    """
    shown, final_delay = shown_ticks([t * clip.time_base for t in pts], end * clip.time_base)
    options = {"loop": str(loop_count(clip.path)), "final_delay": str(final_delay)}
    try:
        with av.open(ffmpeg_name(target), "w", format="gif", options=options) as container:
            stream = container.add_stream("gif", rate=round(1 / TICK))
            palette: Graph | None = None
            for index, frame in enumerate(_frames(parts)):
                if index not in shown:
                    continue
                if palette is None:
                    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "pal8"
                    stream.codec_context.time_base = stream.time_base = TICK
                    palette = _palette(frame)
                paletted = _paletted(palette, frame, index)
                for tick in shown[index]:
                    paletted.pts, paletted.time_base = tick, TICK
                    container.mux(stream.encode(paletted))
            container.mux(stream.encode(None))
    except OSError as error:  # FFmpeg's errors with an errno are OSErrors, too
        raise cannot_write(target, error) from error
    except (av.error.FFmpegError, ValueError) as error:
        raise MediaError(f"writing the GIF failed: {error}") from error


def _frames(parts: Sequence[Path]) -> Iterator[av.VideoFrame]:
    for part in parts:
        with av.open(ffmpeg_name(part)) as container:
            yield from container.decode(video=0)


def _palette(frame: av.VideoFrame) -> Graph:
    """A filter graph that gives each frame a palette of its own, of 256 colors."""
    graph = Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=av.VideoFormat("rgb24"), time_base=TICK
    )
    split = graph.add("split")
    palette = graph.add("palettegen", "stats_mode=single:reserve_transparent=0")
    use = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=3")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(use, 0, 0)
    split.link_to(palette, 1, 0)
    palette.link_to(use, 0, 1)
    use.link_to(sink)
    graph.configure()
    return graph


def _paletted(palette: Graph, frame: av.VideoFrame, index: int) -> av.VideoFrame:
    plain = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgb24"), format="rgb24")
    plain.pts, plain.time_base = index, TICK
    palette.push(plain)
    found = palette.pull()
    assert isinstance(found, av.VideoFrame)
    return found
