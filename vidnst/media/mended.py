"""Sound and subtitles whose timestamps restart, as in broadcasts, retimed to follow the film."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TypeAlias

import av
from av import AudioFrame, Packet
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream

from vidnst.media.accompaniment import Accompaniment, Track
from vidnst.media.clip import Clip
from vidnst.media.names import ffmpeg_name
from vidnst.media.opening import open_media, video_stream
from vidnst.media.places import cannot_write
from vidnst.media.seek import clock_offsets

_LEAD_SECONDS = 1
"""Sound kept before an excerpt, as preroll for audio decoders."""
_MOST_APART_SECONDS = 2
"""How far, at most, sound is from its pictures in the file."""
_ONLY_IN_MATROSKA = ("truehd", "mlp")
"""NUT supports most other codecs, and exact timestamps."""
_Piece: TypeAlias = "Packet[Stream]"


@dataclass(frozen=True)
class Mended:
    """Files with sound and subtitles (lines); timestamps count from the clip's beginning.

    beside: the tracks, indexed as in these files. decoders: of the sound, to be named explicitly,
    as NUT may name another codec.
    """

    sound: Path
    lines: Path
    beside: Accompaniment
    decoders: tuple[str, ...]


def write_mended(
    clip: Clip, folder: Path, beside: Accompaniment, *, begin: Fraction, end: Fraction | None
) -> Mended:
    """Write to files the sound of [begin, end), in seconds of the clip, and all subtitles.

    Each packet is shifted with the film's packets near it; where sound overlaps at the joint of two
    parts, the earlier part's is kept. Empty tracks are left out.

    Raises MediaError and OSError.
    """
    origin = Fraction(str(clip.start_seconds))
    until = None if end is None else origin + end
    read_until = None if until is None else until + 2 * _MOST_APART_SECONDS
    clocks = _Clocks(clock_offsets(clip, until=read_until))
    lossless = any(clip.audio[track.index] in _ONLY_IN_MATROSKA for track in beside.sound)
    places = folder / (".sound.mkv" if lossless else ".sound.nut"), folder / ".lines.mkv"
    with (
        av.open(ffmpeg_name(places[0]), "w") as sounds,
        av.open(ffmpeg_name(places[1]), "w") as words,
        open_media(clip.path) as source,
    ):
        film = video_stream(source, clip.path)
        sound = [source.streams.audio[track.index] for track in beside.sound]
        lines = [source.streams.subtitles[track.index] for track in beside.subtitles]
        sounding = [_Writer(sounds, stream, places[0]) for stream in sound]
        telling = [_Writer(words, stream, places[1]) for stream in lines]
        indices = [stream.index for stream in (*sound, *lines)]
        writers = dict(zip(indices, (*sounding, *telling), strict=True))
        if clocks.only_one and not lines:
            place = origin + begin - _LEAD_SECONDS - _MOST_APART_SECONDS
            with suppress(av.error.FFmpegError):
                source.seek(int(place / clip.time_base), stream=film)
        for packet in source.demux([film, *sound, *lines]):
            if not packet.size:
                continue
            index = packet.stream.index
            shown = clocks.place(packet, film.index) - origin
            if index == film.index:
                if end is not None and shown > end + _MOST_APART_SECONDS:
                    break
            elif not isinstance(packet.stream, AudioStream):
                writers[index].write(packet, shown)
            elif shown >= begin - _LEAD_SECONDS and (end is None or shown < end):
                writers[index].go_on(packet, shown)
        for writer in writers.values():
            writer.finish()
    return Mended(
        *places,
        replace(
            beside,
            sound=_filled(beside.sound, sounding),
            subtitles=_filled(beside.subtitles, telling),
        ),
        tuple(writer.codec for writer in sounding),
    )


def _filled(tracks: Sequence[Track], writers: "Sequence[_Writer]") -> tuple[Track, ...]:
    pairs = enumerate(zip(tracks, writers, strict=True))
    return tuple(replace(track, index=place) for place, (track, writer) in pairs if writer.filled)


def _length(packet: _Piece) -> Fraction:
    return (packet.duration or 0) * Fraction(packet.time_base)


class _Clocks:
    """Maps the timestamps of packets, which restart at discontinuities, to one continuous clock."""

    def __init__(self, offsets: Sequence[Fraction]) -> None:
        """offsets: seconds to add to the timestamps of each clock, in the film's order."""
        self._offsets = offsets
        self._clock: dict[int, int] = {}
        self._until: dict[int, Fraction] = {}

    @property
    def only_one(self) -> bool:
        return len(self._offsets) == 1

    def place(self, packet: _Piece, film_index: int) -> Fraction:
        """When a packet is shown, in seconds of the continuous clock; call it in file order.

        Candidates are the clocks from the one before its stream's last, because of reordered
        frames, up to the film's next. Chosen is the one that brings the packet closest to the end
        of its stream so far, if possible near the film's.
        """
        index = packet.stream.index
        timestamp = packet.pts if packet.dts is None else packet.dts
        film_until = self._until.get(film_index)
        sparse = packet.stream.type == "subtitle"
        was = film_until if sparse else self._until.get(index, film_until)
        if timestamp is None:
            shown = was or Fraction(0)
        else:
            seconds = timestamp * Fraction(packet.time_base)
            first = max(0, self._clock.get(index, 0) - 1)
            end = min(self._clock.get(film_index, 0) + 2, len(self._offsets))
            choices = range(first, max(end, first + 1))

            def strange(clock: int) -> tuple[bool, Fraction]:
                at = seconds + self._offsets[clock]
                far = film_until is not None and abs(at - film_until) > _MOST_APART_SECONDS
                return far, abs(at - (seconds if was is None else was))

            clock = choices[0] if len(choices) == 1 else min(choices, key=strange)
            shown, self._clock[index] = seconds + self._offsets[clock], clock
        self._until[index] = shown + _length(packet)
        return shown


class _Writer:
    """Copies a stream's packets, or transcodes to PCM where the container lacks the codec."""

    def __init__(self, target: OutputContainer, source: Stream, path: Path) -> None:
        self.codec = source.codec_context.codec.canonical_name
        self.filled = False
        self._target, self._path, self._last = target, path, -1
        self._until = Fraction(0)
        self._stream: Stream
        self._resampler: AudioResampler | None = None
        try:
            self._stream = target.add_stream_from_template(source)
        except ValueError:
            if not isinstance(source, AudioStream):
                raise
            self.codec = "pcm_s32le"
            rate, layout = source.rate, source.layout.name
            self._stream = target.add_stream(self.codec, rate=rate, layout=layout)
            self._resampler = AudioResampler("s32", layout, rate)
        self._stream.metadata.update(source.metadata)
        self._stream.disposition = source.disposition

    def go_on(self, packet: _Piece, shown: Fraction) -> None:
        """Write a packet unless more than half of it overlaps those written so far."""
        ends = shown + _length(packet)
        if shown + ends >= 2 * self._until:
            self._until = ends
            self.write(packet, shown)

    def write(self, packet: _Piece, shown: Fraction) -> None:
        """Write a packet; shown: its new timestamp, in seconds."""
        ticks = round(shown / Fraction(packet.time_base))
        if self._resampler is None:
            ticks = max(ticks, self._last + 1)
            packet.pts = packet.dts = self._last = ticks
            packet.stream = self._stream
            self._mux([packet])
            return
        packet.pts = packet.dts = ticks
        with suppress(av.error.InvalidDataError):
            for frame in packet.decode():
                assert isinstance(frame, AudioFrame)
                self._encode(self._resampler.resample(frame))

    def finish(self) -> None:
        """Flush the resampler and the encoder."""
        if self._resampler is not None and self.filled:
            self._encode([*self._resampler.resample(None), None])

    def _encode(self, frames: Iterable[AudioFrame | None]) -> None:
        assert isinstance(self._stream, AudioStream)
        for frame in frames:
            self._mux(self._stream.encode(frame))

    def _mux(self, packets: Iterable[_Piece]) -> None:
        for packet in packets:
            try:
                self._target.mux(packet)
            except OSError as error:
                raise cannot_write(self._path, error) from error
            self.filled = True
