"""Frames into a file, each with its timestamp."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType

import av
from av import Packet
from av.video.stream import VideoStream

from vidnst.errors import MediaError
from vidnst.frames.frame import Frame
from vidnst.media.clip import ColorTags
from vidnst.media.color import LIMITED_RANGE, from_rgb, is_rgb
from vidnst.media.containers import Encoding
from vidnst.media.names import ffmpeg_name, ffmpeg_pattern
from vidnst.media.places import cannot_write

_THREADS = 4
"""Of each encoder, however many cores there are: results of most codecs depend on it."""


_LONGEST_CLOCK = {"mpeg4": 65_535}
"""Ticks of a second at most, where a codec has a bound."""

_FASTEST = 240
"""Frames a second that an encoder is told of, at most: it is a hint, times are the frames' own."""


def coded_clock(codec: str, time_base: Fraction) -> Fraction:
    """The time base that a codec is told: the film's, or the finest near it that it takes."""
    bound = _LONGEST_CLOCK.get(codec)
    if bound is None or time_base.denominator <= bound:
        return time_base
    coarser = time_base * -(-time_base.denominator // bound)
    return coarser if coarser.denominator <= bound else Fraction(1, bound)


def _plausible(rate: Fraction | None) -> Fraction:
    """A frame rate to plan with: headers tell 1000 or none where frames have times of their own."""
    return min(rate, Fraction(_FASTEST)) if rate else Fraction(25)


class Encoder:
    """Write frames of one size to one video stream; a context manager.

    Raises OutputError where the disk is full or the path cannot be written, MediaError where the
    codec refuses the settings.
    """

    def __init__(
        self,
        path: Path,
        encoding: Encoding,
        *,
        size_hw: tuple[int, int],
        sample_aspect: Fraction,
        rate: Fraction | None,
        time_base: Fraction,
        color: ColorTags,
        first_number: int = 1,
    ) -> None:
        if encoding.codec == "prores_ks":  # which has no way to tell that the range is full
            color = replace(color, range=LIMITED_RANGE)
        self._path, self._color, self._time_base = path, color, time_base
        self._clock = coded_clock(encoding.codec, time_base)
        self._last_pts: int | None = None
        self._pixel_format = encoding.pixel_format
        self._closed = False
        self._opened = False
        self._written = False
        self._durations: dict[int, int] = {}
        self._coded: list[int] = []
        self._end = 0
        muxer_options = (
            {"start_number": str(first_number)} if encoding.container.format == "image2" else {}
        )
        with self._failures():
            name = ffmpeg_pattern(path) if muxer_options else ffmpeg_name(path)
            self._container = av.open(
                name, "w", format=encoding.container.format, options=muxer_options
            )
            options = dict(encoding.codec_options)
            stream = self._container.add_stream(
                encoding.codec, rate=_plausible(rate), options=options
            )
            assert isinstance(stream, VideoStream)
            stream.height, stream.width = size_hw
            stream.pix_fmt = encoding.pixel_format
            stream.time_base = time_base
            context = stream.codec_context
            context.time_base = self._clock
            context.sample_aspect_ratio = sample_aspect
            context.thread_type, context.thread_count = "AUTO", _THREADS
            if not is_rgb(encoding.pixel_format):
                context.color_range = color.range
                context.colorspace = color.matrix
                context.color_primaries = color.primaries
                context.color_trc = color.transfer
            self._stream = stream

    def write(self, frame: Frame) -> None:
        """Encode one frame; its timestamp must be later than the last one's."""
        with self._failures(), self._own_priority():
            encodable = from_rgb(frame.picture, self._pixel_format, self._color, alpha=frame.alpha)
            pts = self._coded_time(frame)
            encodable.pts, encodable.time_base = pts, self._clock
            self._durations[pts] = max(1, round(frame.duration * frame.time_base / self._clock))
            self._mux(self._stream.encode(encodable))

    def copy(self, packet: "Packet[VideoStream]", *, pts: int, dts: int, duration: int) -> None:
        """Take over a packet that an encoder of the same settings made.

        All times in units of the time_base. Where packets are copied, no frame may be written.
        """
        packet.stream, packet.time_base = self._stream, self._time_base
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        with self._failures(), self._own_priority():
            self._container.mux(packet)

    @property
    def order(self) -> tuple[int, ...]:
        """Which frame each packet so far shows."""
        rank = {pts: index for index, pts in enumerate(sorted(set(self._coded)))}
        return tuple(rank[pts] for pts in self._coded)

    def close(self) -> None:
        """Write what the encoder still holds, and the end of the file."""
        if self._closed:
            return
        self._closed = True
        with self._failures():
            try:
                if self._written:
                    self._mux(self._stream.encode(None), last=True)
            finally:
                self._container.close()

    def __enter__(self) -> "Encoder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def abandon(self) -> None:
        """Close the file as it is, without a word: another error is the one to tell."""
        if not self._closed:
            self._closed = True
            with suppress(OSError, av.error.FFmpegError):
                self._container.close()

    def _mux(self, packets: "list[Packet[VideoStream]]", *, last: bool = False) -> None:
        self._written = True
        for packet in packets:
            # Encoders know the frame rate only; each frame's own duration is put back here.
            if packet.pts is not None:
                self._coded.append(packet.pts)
                packet.duration = self._durations.pop(packet.pts, packet.duration)
                self._end = max(self._end, packet.pts + (packet.duration or 0))
            if last and packet is packets[-1] and packet.pts is not None:
                # MP4 takes the length of the film from what is decoded last.
                packet.dts, packet.duration = packet.pts, self._end - packet.pts
            self._container.mux(packet)

    def _coded_time(self, frame: Frame) -> int:
        """The time that the codec is told, in units of its clock: later than the one before."""
        pts = round(frame.pts * frame.time_base / self._clock)
        if self._last_pts is not None:
            pts = max(pts, self._last_pts + 1)
        self._last_pts = pts
        return pts

    @contextmanager
    def _own_priority(self) -> Iterator[None]:
        """Take back the real-time priority that SVT-AV1 gives the thread which opens it, as root.

        Threads started from there would have it too, and starve the ones they wait for.
        """
        if self._opened or sys.platform != "linux":
            yield
            return
        policy, parameters = os.sched_getscheduler(0), os.sched_getparam(0)
        try:
            yield
        finally:
            self._opened = True
            for task in map(int, os.listdir("/proc/self/task")):
                with suppress(OSError):  # It may have ended.
                    if os.sched_getscheduler(task) != policy:
                        os.sched_setscheduler(task, policy, parameters)

    @contextmanager
    def _failures(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:  # FFmpeg's errors of the system's kind are OSErrors too
            raise cannot_write(self._path, error) from error
        except av.error.FFmpegError as error:
            raise MediaError(f"the encoder failed: {error.strerror or error}") from error
        except ValueError as error:
            raise MediaError(f"the encoder failed: {error}") from error
