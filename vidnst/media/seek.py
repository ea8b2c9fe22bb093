"""A clip's frames from its beginning, or after an exact seek."""

from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from fractions import Fraction
from functools import lru_cache
from itertools import chain, dropwhile, pairwise
from pathlib import Path

import av
from av import Packet
from av.container import InputContainer
from av.video.stream import VideoStream

from vidnst.errors import MediaError
from vidnst.media.clip import Clip
from vidnst.media.damage import Damage
from vidnst.media.deinterlace import progressive
from vidnst.media.opening import film_decoder, open_media, video_stream
from vidnst.media.timestamps import LONGEST_GAP_SECONDS, Clock, Timed

_LEAD = 4
"""Frames that must precede the wanted one after a seek, to verify it, and as its neighbors."""
_BACK_SECONDS = (0, 1, 4, 16)
"""How far before the wanted frame to seek; tried in this order."""
SENDERS_CLOCKS = ("mpegts", "mpeg")
"""Containers whose files may be concatenated, and in which FFmpeg seeks by timestamps."""
_TOLD_TOO_SHORT_SECONDS = 0.25
_STEP_BACK_SECONDS = 1
"""Smaller steps back are jitter, as in made-up timestamps, not a restart."""
_NO_SEEKING = ("h264", "hevc", "mpegvideo", "m4v", "mjpeg", "obu", "image2")
"""Formats without timestamps, or in which hardly any frame depends on another."""


def step_of(clip: Clip) -> int:
    """The default duration of a frame, in units of the clip's time_base."""
    return round(1 / ((clip.rate or Fraction(25)) * clip.time_base)) or 1


def frames_near(clip: Clip, pts: Fraction | None, damage: Damage) -> Generator[Timed, None, None]:
    """Yield the clip's frames in order, deinterlaced, from one at or before a timestamp on.

    Frames and timestamps are the same as in a full pass. With pts None, and where seeking is not
    reliable, it starts at the clip's beginning. Raises MediaError where the clip ends before its
    header says, or reading fails.
    """
    if pts is not None and (entered := frames_before(clip, pts, damage)) is not None:
        yield from entered
        return
    with open_media(clip.path) as container:
        stream = video_stream(container, clip.path)
        clock = _clock(clip, damage)
        yield from progressive(clock.time(_decoded(container, stream, clip, damage)))


def frames_before(
    clip: Clip, wanted: Fraction, damage: Damage
) -> Generator[Timed, None, None] | None:
    """Seek, and return the frames from some before `wanted` on; None where that is not reliable.

    wanted: in units of time_base. A seek is accepted if enough frames precede `wanted`, with
    timestamps that need no correction; else it is repeated from further back.
    """
    begins = Fraction(str(clip.start_seconds))
    if clip.container in _NO_SEEKING or clip.container.endswith("_pipe"):
        return None
    if starts_anew(clip, wanted * clip.time_base):
        return None
    for back_seconds in _BACK_SECONDS:
        place = int(wanted - back_seconds / clip.time_base)
        if place * clip.time_base <= begins:
            break
        frames = _from_keyframe(clip, place, damage)
        lead: list[Timed] = []
        with suppress(MediaError):
            for timed in frames:
                lead = [*lead[1 - _LEAD :], timed]
                if timed.pts >= wanted or (len(lead) == _LEAD):
                    break
        if len(lead) == _LEAD and lead[-1].pts < wanted:
            return _with_lead(lead, frames)
        frames.close()
        damage.forget()
    return None


def starts_anew(clip: Clip, seconds: Fraction) -> bool:
    """Whether the film's timestamps restart; this may read the whole file.

    It is checked in containers whose files can be concatenated, and in others if `seconds`, on the
    continuous clock, lies beyond the duration that the first header gives.
    """
    if clip.container in SENDERS_CLOCKS:
        return not has_one_clock(clip)
    told = clip.duration_seconds
    beyond = told is None or seconds > told + max(0.0, clip.start_seconds) + _TOLD_TOO_SHORT_SECONDS
    return (beyond or clip.container == "ogg") and _steps(clip)[0] < -_STEP_BACK_SECONDS


def has_one_clock(clip: Clip) -> bool:
    """Whether a film's timestamps never restart or jump. Reads the whole file."""
    least, most = _steps(clip)
    return least > 0 and most <= LONGEST_GAP_SECONDS


def clock_offsets(clip: Clip, *, until: Fraction | None) -> tuple[Fraction, ...]:
    """The seconds to add to the timestamps after each restart, in order; the first is 0.

    until: where to stop reading, in seconds of the continuous clock. Raises MediaError.
    """
    if has_one_clock(clip):
        return (Fraction(0),)
    with open_media(clip.path) as container:
        stream = video_stream(container, clip.path)
        damage = Damage(clip.path, strict=False)
        clock = _clock(clip, damage)
        with closing(clock.time(_decoded(container, stream, clip, damage))) as frames:
            for timed in frames:
                if until is not None and timed.pts * clip.time_base >= until:
                    break
    return tuple(offset * clip.time_base for offset in clock.offsets)


def _with_lead(
    lead: list[Timed], frames: Generator[Timed, None, None]
) -> Generator[Timed, None, None]:
    with closing(frames):
        yield from chain(lead, frames)


def _clock(clip: Clip, damage: Damage) -> Clock:
    begins = Fraction(str(clip.start_seconds))
    return Clock(
        time_base=clip.time_base,
        step=step_of(clip),
        container=clip.container,
        on_restart=lambda pts: damage.restart(pts * clip.time_base - begins),
    )


def _from_keyframe(clip: Clip, place: int, damage: Damage) -> Generator[Timed, None, None]:
    """Yield frames from the keyframe before `place` on; none where timestamps are unreliable.

    Frames that the decoder outputs before the keyframe lack their references and are dropped. So is
    the first frame from it on, which lacks a neighbor for deinterlacing.
    """
    with open_media(clip.path) as container:
        stream = video_stream(container, clip.path)
        try:
            container.seek(place, stream=stream)
        except av.error.FFmpegError:
            return
        clock = _clock(clip, damage)
        frames = _decoded(container, stream, clip, damage, entered=True)
        from_key = dropwhile(lambda frame: not frame.key_frame, frames)
        timed = progressive(clock.time(from_key))
        next(timed, None)
        for number, one in enumerate(timed):
            if number < _LEAD and not clock.regular:
                return
            yield one


def _decoded(
    container: InputContainer,
    stream: VideoStream,
    clip: Clip,
    damage: Damage,
    *,
    entered: bool = False,
) -> Iterator[av.VideoFrame]:
    """Decode all packets. Raises MediaError where reading fails, or the file is cut off.

    entered: after a seek; start with the first keyframe, and end if that has no timestamp.
    """
    decoder = film_decoder(stream)
    end_seconds = 0.0
    waits, shown = entered, 0
    early: list[int] = []
    for packet in _packets(container, clip):
        if packet.pts is not None and packet.time_base is not None:
            packet_end = (packet.pts + (packet.duration or 0)) * packet.time_base
            end_seconds = max(end_seconds, float(packet_end))
        if packet.stream.index != stream.index:
            continue
        last = packet.dts is None and packet.pts is None and not packet.size
        if waits and not last:
            if not packet.is_keyframe:
                continue
            if packet.pts is None:
                return
            waits = False
        if packet.is_corrupt:
            early.append(packet.pts or 0)
        if not packet.size and not last:  # Decoders would take it for the end.
            damage.packet("a packet is empty")
            continue
        try:
            for frame in decoder.decode(packet):
                # Decoders have latency: a packet's damage counts from its own frame on.
                if early and (frame.pts is None or frame.pts < shown or frame.pts >= early[0]):
                    damage.packet("data are missing")
                    early.pop(0)
                shown = frame.pts or 0
                yield frame
        except av.error.EOFError:
            pass
        except (av.error.InvalidDataError, av.error.PatchWelcomeError) as error:
            damage.packet(error.strerror or str(error))
            if last:  # Frames may still wait behind the one that failed.
                yield from _rest(decoder, damage)
    for _ in early:
        damage.packet("data are missing")
    if container.duration is not None:
        # Durations in headers count from the first timestamp or from 0.
        promised = container.duration / av.time_base + min(0.0, clip.start_seconds)
        if end_seconds < promised - max(1.0, 0.02 * promised):
            raise MediaError(
                f"{clip.path} is damaged: it ends after {end_seconds:.1f} s, but its header "
                f"promises {promised:.1f} s: the file is cut off"
            )


def _rest(decoder: av.VideoCodecContext, damage: Damage) -> Iterator[av.VideoFrame]:
    for _ in range(decoder.thread_count + 16):
        try:
            yield from decoder.decode(None)
            return
        except av.error.EOFError:
            return
        except (av.error.InvalidDataError, av.error.PatchWelcomeError) as error:
            damage.packet(error.strerror or str(error))


def _packets(container: InputContainer, clip: Clip) -> Iterator["Packet[VideoStream]"]:
    try:
        yield from container.demux()  # type: ignore[misc]
    except av.error.InvalidDataError as error:
        raise MediaError(f"{clip.path} is damaged: {error.strerror}") from error


def _steps(clip: Clip) -> tuple[Fraction, Fraction]:
    """The smallest and the largest step of the timestamps of consecutive packets, in seconds."""
    return _steps_in(clip.path, clip.path.stat().st_mtime_ns)


@lru_cache(maxsize=16)
def _steps_in(path: Path, changed: int) -> tuple[Fraction, Fraction]:
    """changed: the file's modification time, part of the cache key."""
    with open_media(path) as container:
        stream = video_stream(container, path)
        clock = Fraction(stream.time_base or 1)
        stamps = (packet.dts for packet in container.demux(stream))
        times = [time for time in stamps if time is not None]
    steps = [later - earlier for earlier, later in pairwise(times)] or [1]
    return min(steps) * clock, max(steps) * clock
