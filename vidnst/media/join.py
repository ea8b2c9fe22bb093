"""Joins the painted film with the source's sound, subtitles and metadata in one file."""

import os
import subprocess
from collections.abc import Generator, Sequence
from errno import ENOSPC
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import ffmpeg
from av import Packet
from av.video.stream import VideoStream

from vidnst.errors import MediaError, OutputError, VidnstError
from vidnst.media.accompaniment import Accompaniment, Track
from vidnst.media.clip import Clip
from vidnst.media.color import LIMITED_RANGE
from vidnst.media.containers import Encoding
from vidnst.media.decode import exact, excerpt_zero
from vidnst.media.excerpt import Excerpt
from vidnst.media.ffmpeg_program import ffmpeg_program
from vidnst.media.mended import Mended, write_mended
from vidnst.media.names import ffmpeg_name, graph_name, looks_numbered, real_names
from vidnst.media.places import cannot_write
from vidnst.media.seek import SENDERS_CLOCKS, starts_anew
from vidnst.media.subtitles import cut_subtitles
from vidnst.media.timecode import timecode_at

_NOTHING = "d:99?"
"""An optional stream that no clip has: ffmpeg-python opens only inputs that are mapped."""
_METADATA_FILTERS = {"libx264": "h264_metadata", "libx265": "hevc_metadata"}


def packets_of(path: Path) -> Generator["Packet[VideoStream]", None, None]:
    """The packets of a file's film, in decoding order. Raises OutputError where it is damaged."""
    try:
        with av.open(ffmpeg_name(path)) as container:
            stream = container.streams.video[0]
            yield from (packet for packet in container.demux(stream) if packet.size)
    except (OSError, IndexError, av.error.FFmpegError) as error:
        raise OutputError(f"{path} is damaged: add `resume=False` to start anew") from error


def join_streams(
    painted: Path,
    clip: Clip,
    target: Path,
    encoding: Encoding,
    *,
    last_frame: tuple[Fraction, Fraction],
    beside: Accompaniment,
    excerpt: Excerpt,
) -> None:
    """Write target: the painted film, copied, and what else the container can hold.

    last_frame: when it is shown and until when, in seconds of the painted film. Sound and text
    subtitles are copied packet for packet where the container supports them, else converted. In an
    excerpt, they are cut to match.

    Raises OutputError where the disk is full and MediaError with ffmpeg's last words otherwise.
    """
    container = encoding.container
    start_seconds, end_seconds = excerpt.start_seconds, excerpt.end_seconds
    cut = start_seconds is not None or end_seconds is not None
    film_options: dict[str, Any] = {}
    source_options: dict[str, Any] = {}
    cut_options: dict[str, str] = {}
    begin = Fraction(0)
    # Timestamps are kept, by -copyts. For an excerpt instead, the source is cut and shifted to 0,
    # and an offset undoes ffmpeg's shift of the painted film to 0.
    out: dict[str, Any] = {"c:v": "copy", "format": container.format}
    if start_seconds is not None:
        # Also for a start of 0, as the source's timestamps may not begin at 0.
        film_options["itsoffset"] = float(first_timestamp(painted))
        begin = max(excerpt_zero(clip, start_seconds) - exact(clip.start_seconds), Fraction(0))
        cut_options["ss"] = f"{float(begin):.6f}"
    else:
        out["copyts"] = None
    if end_seconds is not None:
        cut_options["t"] = f"{float(exact(end_seconds) - begin):.6f}"
    if looks_numbered(clip.path):
        source_options["format"] = clip.container.split(",")[0]
    if container.format in ("mp4", "mov"):
        out["movflags"] = "+faststart"
    if encoding.tag is not None:
        out["tag:v"] = encoding.tag
    if (timecode := timecode_at(clip, start_seconds)) is not None:
        out["metadata:g"] = f"timecode={timecode}"

    film = ffmpeg.input(graph_name(painted), **film_options)
    source = ffmpeg.input(
        graph_name(clip.path), **source_options, **cut_options, protocol_whitelist="file"
    )
    streams = [film["v:0"]]
    if clip.has_file:
        out["map_metadata"] = "1"
        streams.append(source[_NOTHING])
    spare: list[Path] = []
    lines_of, lines_origin = clip.path, exact(clip.start_seconds)
    lines = source
    accompanied = beside.sound or beside.subtitles
    if accompanied and _needs_mending(clip, start_seconds, begin + last_frame[1]):
        mended = _mended(clip, target, beside, begin, end_seconds)
        spare += [mended.sound, mended.lines]
        beside, lines_of, lines_origin = mended.beside, mended.lines, Fraction(0)
        options: dict[str, Any] = {f"c:a:{n}": name for n, name in enumerate(mended.decoders)}
        options |= cut_options | {"seek_timestamp": 1}
        if start_seconds is None:
            options["itsoffset"] = clip.start_seconds
            lines = ffmpeg.input(graph_name(mended.lines), itsoffset=clip.start_seconds)
        source = ffmpeg.input(graph_name(mended.sound), **options)
    for place, track in enumerate(beside.sound):
        streams.append(source[f"a:{track.index}"])
        out |= track.options("a", place)
        if track.codec == "copy" and cut:
            out[f"copypriorss:a:{place}"] = 0
    if beside.subtitles and cut:
        words, first = _subtitles_of_excerpt(
            lines_of,
            target,
            container.format,
            beside.subtitles,
            begin=None if start_seconds is None else lines_origin + begin,
            end=last_frame[1] + (lines_origin + begin if start_seconds is not None else 0),
        )
        spare.append(words)
        late = {"itsoffset": first} if start_seconds is not None else {}
        lines = ffmpeg.input(graph_name(words), **late)
        streams += [lines[f"s:{place}"] for place in range(len(beside.subtitles))]
        out["c:s"] = "copy"
    else:
        for place, track in enumerate(beside.subtitles):
            streams.append(lines[f"s:{track.index}"])
            out |= track.options("s", place)
    filters = [_lasting(*last_frame)]
    if clip.language:
        out["metadata:s:v:0"] = f"language={clip.language}"
    if clip.color.range == LIMITED_RANGE and (
        metadata_filter := _METADATA_FILTERS.get(encoding.codec)
    ):
        # Encoders do not write a limited range without other color tags.
        filters.append(f"{metadata_filter}=video_full_range_flag=0")
    out["bsf:v"] = ",".join(filters)
    _run(ffmpeg.output(*streams, graph_name(target), **out), target)
    for path in spare:
        path.unlink(missing_ok=True)


def _lasting(shown: Fraction, until: Fraction) -> str:
    """A bitstream filter that sets the duration of the last frame, which Matroska loses."""
    after = float(shown - min((until - shown) / 2, Fraction(1, 2000)))
    seconds = float(until - shown)
    return f"setts=pts=PTS:dts=DTS:duration='if(gt(PTS*TB,{after:.6f}),{seconds:.6f}/TB,DURATION)'"


def _needs_mending(clip: Clip, start_seconds: float | None, shown_until: Fraction) -> bool:
    """Whether timestamps of sound and subtitles restart in a way that ffmpeg does not handle.

    In broadcasts it handles restarts, unless it seeks to an excerpt, by the first clock. In other
    concatenated files it handles only the first part. shown_until: of the film, in seconds.
    """
    if clip.container in SENDERS_CLOCKS:
        return start_seconds is not None
    return starts_anew(clip, shown_until)


def _mended(
    clip: Clip,
    target: Path,
    beside: Accompaniment,
    begin: Fraction,
    end_seconds: float | None,
) -> Mended:
    """Write sound and subtitles, with timestamps that follow the film's, beside the target."""
    end = None if end_seconds is None else exact(end_seconds)
    try:
        return write_mended(clip, target.parent, beside, begin=begin, end=end)
    except OSError as error:
        raise cannot_write(target, error) from error
    except (ValueError, av.error.FFmpegError) as error:
        raise MediaError(f"reading sound and subtitles failed: {error}") from error


def _subtitles_of_excerpt(
    source_path: Path,
    target: Path,
    container_format: str,
    tracks: Sequence[Track],
    *,
    begin: Fraction | None,
    end: Fraction,
) -> tuple[Path, float]:
    """Write an excerpt's subtitles to a file; returns it and when its first line is shown.

    begin, end: of the excerpt, as timestamps of the source in seconds; None is its beginning.
    """
    whole, words = (target.with_name(f".{name}{target.suffix}") for name in ("whole", "words"))
    source = ffmpeg.input(graph_name(source_path), protocol_whitelist="file")
    out: dict[str, Any] = {"copyts": None, "format": container_format}
    for place, track in enumerate(tracks):
        out |= track.options("s", place)
    lines = [source[f"s:{track.index}"] for track in tracks]
    _run(ffmpeg.output(*lines, graph_name(whole), **out), target)
    try:
        first = cut_subtitles(
            whole, words, container_format, begin=begin, end=end, shift=begin or Fraction(0)
        )
    except OSError as error:
        raise cannot_write(target, error) from error
    except (ValueError, av.error.FFmpegError) as error:
        raise MediaError(f"cutting the subtitles failed: {error}") from error
    whole.unlink()
    return words, first


def first_timestamp(path: Path) -> Fraction:
    """The timestamp of a film's first frame, in seconds."""
    with av.open(ffmpeg_name(path)) as container:
        stream = container.streams.video[0]
        return (stream.start_time or 0) * Fraction(stream.time_base or 0)


def _run(job: Any, target: Path) -> None:
    quiet = job.global_args("-nostdin", "-hide_banner", "-loglevel", "error")
    command = ffmpeg.compile(quiet, cmd=ffmpeg_program(), overwrite_output=True)
    done = subprocess.run(real_names(command), capture_output=True, check=False)
    if done.returncode:
        words = done.stderr.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise ffmpeg_failure(words, target, "joining picture and sound")


def ffmpeg_failure(words: list[str], target: Path, doing: str) -> VidnstError:
    """The error to raise where ffmpeg failed; words: its last lines on stderr."""
    full = os.strerror(ENOSPC)
    if any(full in line for line in words):
        return cannot_write(target, OSError(ENOSPC, full))
    return MediaError(f"{doing} failed: {'; '.join(words[-2:])}")
