"""Encoding of frames to a file, each with its timestamp."""

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
"""Per encoder, whatever the number of cores: the output of most codecs depends on it."""


_LONGEST_CLOCK = {"mpeg4": 65_535}
"""The largest denominator of the time base, for codecs that have a limit."""

_FASTEST = 240
"""Upper bound of the frame rate given to an encoder: a hint only, as frames have timestamps."""


def coded_clock(codec: str, time_base: Fraction) -> Fraction:
    """The time base for a codec: the film's, or a coarser one that the codec supports."""
    bound = _LONGEST_CLOCK.get(codec)
    if bound is None or time_base.denominator <= bound:
        return time_base
    coarser = time_base * -(-time_base.denominator // bound)
    return coarser if coarser.denominator <= bound else Fraction(1, bound)


def _plausible(rate: Fraction | None) -> Fraction:
    """A frame rate to give to an encoder: headers of variable-rate films say 1000, or nothing."""
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
        if encoding.codec == "prores_ks":  # which cannot signal full range
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
        """Mux a packet from an encoder with the same settings.

        All times are in units of the time_base. Do not mix with write.
        """
        packet.stream, packet.time_base = self._stream, self._time_base
        packet.pts, packet.dts, packet.duration = pts, dts, duration
        with self._failures(), self._own_priority():
            self._container.mux(packet)

    @property
    def order(self) -> tuple[int, ...]:
        """For each packet so far, in decoding order, the index of its frame in display order."""
        rank = {pts: index for index, pts in enumerate(sorted(set(self._coded)))}
        return tuple(rank[pts] for pts in self._coded)

    def close(self) -> None:
        """Flush the encoder and finish the file."""
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
        """Close the file as it is and suppress errors: another one is being raised."""
        if not self._closed:
            self._closed = True
            with suppress(OSError, av.error.FFmpegError):
                self._container.close()

    def _mux(self, packets: "list[Packet[VideoStream]]", *, last: bool = False) -> None:
        self._written = True
        for packet in packets:
            # Encoders derive durations from the frame rate; restore each frame's own.
            if packet.pts is not None:
                self._coded.append(packet.pts)
                packet.duration = self._durations.pop(packet.pts, packet.duration)
                self._end = max(self._end, packet.pts + (packet.duration or 0))
            if last and packet is packets[-1] and packet.pts is not None:
                # MP4 takes the length of the film from the last packet in decoding order.
                packet.dts, packet.duration = packet.pts, self._end - packet.pts
            self._container.mux(packet)

    def _coded_time(self, frame: Frame) -> int:
        """The frame's timestamp in units of the codec's time base; made to increase strictly."""
        pts = round(frame.pts * frame.time_base / self._clock)
        if self._last_pts is not None:
            pts = max(pts, self._last_pts + 1)
        self._last_pts = pts
        return pts

    @contextmanager
    def _own_priority(self) -> Iterator[None]:
        """Undo the real-time priority that SVT-AV1, run as root, gives the thread that opens it.

        Threads started from it would inherit the priority, and starve those that they wait for.
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
        except OSError as error:  # FFmpeg's errors with an errno are OSErrors, too
            raise cannot_write(self._path, error) from error
        except av.error.FFmpegError as error:
            raise MediaError(f"the encoder failed: {error.strerror or error}") from error
        except ValueError as error:
            raise MediaError(f"the encoder failed: {error}") from error
