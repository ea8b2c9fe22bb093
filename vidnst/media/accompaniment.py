"""Which sound and subtitles go into the result, copied or transcoded; tried before painting."""

import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from vidnst.media.clip import Clip
from vidnst.media.containers import Container, audio_codec, sound_encoder, subtitle_codec
from vidnst.media.excerpt import Excerpt
from vidnst.media.ffmpeg_program import ffmpeg_program
from vidnst.media.names import ffmpeg_name
from vidnst.media.seek import starts_anew

_LAYOUTS = {
    "libopus": "mono|stereo|3.0|quad|5.0|5.1|6.1|7.1",
    "aac": "mono|stereo|3.0|4.0|5.0|5.1|7.1",
}
"""The channel layouts of each encoder whose order players know."""
_FIRST_TWO = "pan=stereo|c0=c0|c1=c1"
_PLAIN_TEXT = ("subrip", "ass", "ssa", "webvtt", "mov_text", "text")
_TRIED_FRAMES = 8
_BITRATES = {"libopus": "160k", "aac": "192k"}


@dataclass(frozen=True)
class Track:
    """One of the source's streams in the result.

    index: among the source's streams of its kind. codec: 'copy' or an encoder. filters: an audio
    filter chain, where the encoder does not take the sound as it is.
    """

    index: int
    codec: str
    filters: str | None = None

    def options(self, kind: str, place: int) -> dict[str, str]:
        """Options of ffmpeg; place: index among the result's streams of this kind, a or s."""
        options = {f"c:{kind}:{place}": self.codec}
        if self.filters is not None:
            options[f"filter:{kind}:{place}"] = self.filters
        if self.codec in _BITRATES:
            options[f"b:{kind}:{place}"] = _BITRATES[self.codec]
        return options


@dataclass(frozen=True)
class Accompaniment:
    """The result's streams besides the film; notes: what it cannot hold, a line each."""

    sound: tuple[Track, ...] = ()
    subtitles: tuple[Track, ...] = ()
    notes: tuple[str, ...] = ()


def settle(
    clip: Clip,
    container: Container,
    excerpt: Excerpt,
    *,
    audio: bool,
) -> Accompaniment:
    """Choose the streams that go with the film, by trial runs of ffmpeg on their first frames."""
    streams = clip.audio or clip.subtitles
    if not streams or not (container.audio or container.text_subtitles):
        return Accompaniment()
    start_seconds, end_seconds = excerpt.start_seconds, excerpt.end_seconds
    cut: list[str] = []
    # -ss and -t count by the raw timestamps; where these restart, the film's beginning is tried.
    until = (start_seconds or 0) + 1 if end_seconds is None else end_seconds
    several = start_seconds and starts_anew(clip, Fraction(clip.start_seconds + float(until)))
    if start_seconds is not None and not several:
        cut += ["-ss", f"{float(start_seconds):.6f}"]
    if end_seconds is not None and not several:
        cut += ["-t", f"{float(end_seconds) - float(start_seconds or 0):.6f}"]
    trial = _Trial(clip.path, container.format, tuple(cut))
    sound, subtitles, notes = [], [], []
    likely = [
        Track(index, audio_codec(container, codec) or "copy")
        for index, codec in enumerate(clip.audio if audio else ())
    ]
    if likely and trial.passes("a", likely):
        sound = likely
    elif likely:
        for index, codec in enumerate(clip.audio):
            choices = _choices(container, index, codec)
            track = next((track for track in choices if trial.passes("a", [track])), None)
            if track is not None:
                sound.append(track)
                if track.filters == _FIRST_TWO:
                    notes.append(f"of sound {index + 1} ({codec}) only two channels can be kept")
            elif trial.is_there(index):
                notes.append(
                    f"sound {index + 1} ({codec}) can neither be kept nor decoded: it is left out"
                )
    for index, codec in enumerate(clip.subtitles):
        as_what = subtitle_codec(container, codec)
        track = None if as_what is None else Track(index, as_what)
        if track and (codec in _PLAIN_TEXT or as_what == "copy" or trial.passes("s", [track])):
            subtitles.append(track)
        else:
            notes.append(
                f"subtitles {index + 1} ({codec}) cannot be kept in this container: "
                "they are left out"
            )
    return Accompaniment(tuple(sound), tuple(subtitles), tuple(notes))


def _choices(container: Container, index: int, codec: str) -> list[Track]:
    encoder = sound_encoder(container)
    kept = [Track(index, "copy")] if audio_codec(container, codec) == "copy" else []
    return [
        *kept,
        Track(index, encoder),
        Track(index, encoder, f"aformat=channel_layouts={_LAYOUTS[encoder]}"),
        Track(index, encoder, _FIRST_TWO),
    ]


@dataclass(frozen=True)
class _Trial:
    source: Path
    container_format: str
    cut: tuple[str, ...]

    def passes(self, kind: str, tracks: Sequence[Track]) -> bool:
        """Whether ffmpeg can write the first frames of these tracks, and the result is readable."""
        with tempfile.TemporaryDirectory(prefix="vidnst-") as folder:
            target = Path(folder) / "trial"
            command = [
                ffmpeg_program(), "-nostdin", "-v", "error", *self.cut,
                "-protocol_whitelist", "file", "-i", ffmpeg_name(self.source),
            ]  # fmt: skip
            for place, track in enumerate(tracks):
                command += ["-map", f"0:{kind}:{track.index}"]
                for option, value in track.options(kind, place).items():
                    command += [f"-{option}", value]
            command += [f"-frames:{kind}", str(_TRIED_FRAMES), "-f", self.container_format]
            done = subprocess.run([*command, ffmpeg_name(target)], capture_output=True, check=False)
            return done.returncode == 0 and _holds(target, len(tracks))

    def is_there(self, index: int) -> bool:
        """Whether this stream of sound has any packet in the excerpt."""
        command = [
            ffmpeg_program(), "-nostdin", "-v", "error", *self.cut, "-protocol_whitelist", "file",
            "-i", ffmpeg_name(self.source), "-map", f"0:a:{index}", "-c", "copy", "-frames:a", "1",
            "-f", "framecrc", "-",
        ]  # fmt: skip
        done = subprocess.run(command, capture_output=True, check=False)
        return any(line and not line.startswith(b"#") for line in done.stdout.splitlines())


def _holds(path: Path, count: int) -> bool:
    """Whether a file has exactly `count` streams that are not empty."""
    try:
        with av.open(ffmpeg_name(path)) as container:
            filled = {packet.stream.index for packet in container.demux() if packet.size}
    except (OSError, av.error.FFmpegError):
        return False
    return len(filled) == count
