"""Frames out of files: upright, in order, each with its timestamp."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer
from av.filter import Graph
from av.video.stream import VideoStream

from vidnst.errors import MediaError
from vidnst.frames import Alpha, Frame, Picture
from vidnst.media.alpha import to_rgb_and_alpha
from vidnst.media.clip import Clip, film_decoder, open_media, video_stream
from vidnst.media.color import to_rgb

_SAMPLE_REACH = 300
"""So many frames at most are decoded past a keyframe to reach a sample."""


def decode(
    clip: Clip,
    *,
    size_hw: tuple[int, int] | None = None,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    from_pts: int | None = None,
    alpha: bool = False,
) -> Generator[Frame, None, None]:
    """Yield the clip's frames as RGB, scaled to size_hw where given.

    start_seconds and end_seconds count from the clip's beginning; a frame belongs to the excerpt
    if it starts inside [start, end). Timestamps stay the source's own, or with start_seconds
    count from there. Interlaced frames are deinterlaced, one frame for each. With from_pts, those
    are left out whose timestamp, as it is yielded, is earlier. Transparent parts show black, or
    with alpha, the frames carry it where the clip does (media/alpha.py).

    Raises MediaError where the clip is damaged or ends before its header says.
    """
    size_hw = size_hw or clip.size_hw
    origin = Fraction(clip.start_seconds) + Fraction(start_seconds or 0)
    first_pts = round(origin / clip.time_base) if start_seconds is not None else None
    end_pts = None
    if end_seconds is not None:
        end_pts = (Fraction(clip.start_seconds) + Fraction(end_seconds)) / clip.time_base
    step = round(1 / ((clip.rate or Fraction(25)) * clip.time_base)) or 1
    last_pts: int | None = None
    with open_media(clip.path) as container:
        stream = video_stream(container, clip.path)
        if first_pts is not None and start_seconds:
            container.seek(first_pts, stream=stream)
        if from_pts is not None:
            with suppress(av.error.FFmpegError):  # where there is no seeking, decode on
                container.seek(from_pts + (first_pts or 0), stream=stream)
        for decoded in _progressive(_whole(container, stream, clip)):
            pts = decoded.pts
            if pts is None or (last_pts is not None and pts <= last_pts):
                pts = 0 if last_pts is None else last_pts + (step if pts is None else 1)
            if first_pts is not None and pts < first_pts:
                continue
            if from_pts is not None and pts - (first_pts or 0) < from_pts:
                continue
            if end_pts is not None and pts >= end_pts:
                return
            last_pts = pts
            picture, opacity = _upright(decoded, clip, size_hw, alpha=alpha)
            yield Frame(
                picture=picture,
                pts=pts - (first_pts or 0),
                duration=decoded.duration or step,
                time_base=clip.time_base,
                alpha=opacity,
            )
    if last_pts is None and start_seconds is None:
        raise MediaError(f"{clip.path} holds no frame that can be decoded")


def sample(
    clip: Clip,
    count: int,
    *,
    size_hw: tuple[int, int] | None = None,
    start_seconds: float | None = None,
    end_seconds: float | None = None,
    alpha: bool = False,
) -> list[Picture]:
    """Up to `count` frames spread evenly over the clip or excerpt, RGB as decode yields them.

    Takes the keyframe before each place and decodes on from there, though not far.
    """
    size_hw = size_hw or clip.size_hw
    begin = clip.start_seconds + (start_seconds or 0)
    end = clip.start_seconds + (end_seconds or clip.duration_seconds or 0)
    if clip.duration_seconds:
        end = min(end, clip.start_seconds + clip.duration_seconds)
    pictures: list[Picture] = []
    with open_media(clip.path) as container:
        stream = video_stream(container, clip.path)
        decoder = film_decoder(stream)
        taken: int | None = None
        for index in range(count if end > begin else 1):
            wanted = int((begin + (end - begin) * (index + 0.5) / count) / clip.time_base)
            if index or start_seconds:
                with suppress(av.error.FFmpegError):  # where there is no seeking, decode on
                    container.seek(wanted, stream=stream)
                    decoder.flush_buffers()
            packets = container.demux(stream)
            decoded = (frame for packet in packets for frame in decoder.decode(packet))
            best: av.VideoFrame | None = None
            with suppress(av.error.InvalidDataError):  # decode() tells of damage, at its place
                for reached, frame in enumerate(decoded):
                    best = frame
                    if frame.pts is None or frame.pts >= wanted or reached >= _SAMPLE_REACH:
                        break
            if best is not None and best.pts != taken:
                taken = best.pts
                pictures.append(_upright(best, clip, size_hw, alpha=alpha)[0])
    return pictures


def _upright(
    frame: av.VideoFrame, clip: Clip, size_hw: tuple[int, int], *, alpha: bool
) -> tuple[Picture, Alpha | None]:
    quarter_turns = clip.rotation_degrees // 90
    coded_hw = size_hw[::-1] if quarter_turns % 2 else size_hw
    if not alpha:
        return _turned(to_rgb(frame, clip.color, coded_hw), quarter_turns), None
    picture, opacity = to_rgb_and_alpha(frame, clip.color, coded_hw)
    if opacity is not None:
        opacity = _turned(opacity, quarter_turns)
    return _turned(picture, quarter_turns), opacity


def _turned(pixels: npt.NDArray[np.uint8], quarter_turns: int) -> npt.NDArray[np.uint8]:
    return np.ascontiguousarray(np.rot90(pixels, quarter_turns)) if quarter_turns else pixels


def _whole(container: InputContainer, stream: VideoStream, clip: Clip) -> Iterator[av.VideoFrame]:
    """Decode everything; raise MediaError where packets are damaged or the file stops early."""
    decoder = film_decoder(stream)
    end_seconds = 0.0
    try:
        for packet in container.demux():
            if packet.pts is not None and packet.time_base is not None:
                packet_end = (packet.pts + (packet.duration or 0)) * packet.time_base
                end_seconds = max(end_seconds, float(packet_end))
            if packet.stream.index != stream.index:
                continue
            if packet.is_corrupt:
                raise MediaError(f"{clip.path} is damaged near {end_seconds:.1f} s")
            yield from decoder.decode(packet)
    except av.error.InvalidDataError as error:
        raise MediaError(
            f"{clip.path} is damaged near {end_seconds:.1f} s: {error.strerror}"
        ) from error
    if container.duration is not None:
        promised = clip.start_seconds + container.duration / av.time_base
        if end_seconds < promised - max(1.0, 0.02 * promised):
            raise MediaError(
                f"{clip.path} ends after {end_seconds:.1f} s, but its header promises "
                f"{promised:.1f} s: the file is cut off"
            )


def _progressive(frames: Iterable[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    """Deinterlace from the first interlaced frame on; leave progressive frames as they are."""
    graph: Graph | None = None
    for frame in frames:
        if graph is None and not frame.interlaced_frame:
            yield frame
            continue
        if graph is None:
            graph = Graph()
            source = graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base,
            )
            graph.link_nodes(
                source,
                graph.add("bwdif", "mode=send_frame:deint=interlaced"),
                graph.add("buffersink"),
            ).configure()
        graph.push(frame)
        yield from _pulled(graph)
    if graph is not None:
        graph.push(None)
        yield from _pulled(graph)


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(frame, av.VideoFrame)
        yield frame
