"""Encode each segment to its own file, and record its frames."""

from dataclasses import replace
from pathlib import Path

from vidnst.film.plan import Film
from vidnst.film.segments.segment import Record, Segment
from vidnst.frames.frame import Frame
from vidnst.media.color import result_tags, scaled_aspect
from vidnst.media.containers import Container, Encoding
from vidnst.media.encode import Encoder
from vidnst.media.names import numbered

_ONLY_IN_MOV = ("prores_ks", "dnxhd")
"""NUT takes all other codecs."""


def segment_suffix(film: Film) -> str:
    """The suffix of segment files, in containers that keep every timestamp exactly."""
    return ".mov" if film.encoding.codec in _ONLY_IN_MOV else ".nut"


def segment_writer(film: Film, path: Path, segment: Segment) -> "SegmentWriter":
    """Make the writer of a segment to a file; for numbered pictures path is their pattern."""
    if film.is_sequence:
        first = film.first_number + segment.first_frame
        return SegmentWriter(encoder_of(film, path, film.encoding, first), segment, path, first)
    container = Container(segment_suffix(film)[1:], film.encoding.container.codecs)
    encoding = replace(film.encoding, container=container)
    if film.encoding.codec == "gif":  # Its frames are chosen later, with all timestamps known.
        encoding = replace(encoding, codec="ffv1", pixel_format="bgr0")
    return SegmentWriter(encoder_of(film, path, encoding), segment, path)


def encoder_of(film: Film, path: Path, encoding: Encoding, number: int = 1) -> Encoder:
    """Make the film's encoder; number: of the first frame, where the result is pictures."""
    return Encoder(
        path,
        encoding,
        size_hw=film.size_hw,
        sample_aspect=scaled_aspect(film.clip, film.size_hw),
        rate=film.clip.rate,
        time_base=film.clip.time_base,
        color=result_tags(film.clip),
        first_number=number,
    )


class SegmentWriter:
    """Encodes a segment's frames and records their timestamps and durations."""

    def __init__(
        self, encoder: Encoder, segment: Segment, path: Path, first_number: int | None = None
    ) -> None:
        """first_number: where path is a pattern, the number of the first picture."""
        self.segment = segment
        self._encoder, self._path, self._first_number = encoder, path, first_number
        self._pts: list[int] = []
        self._durations: list[int] = []

    @property
    def frame_count(self) -> int:
        return len(self._pts)

    @property
    def files(self) -> list[Path]:
        """The files that are written."""
        if self._first_number is None:
            return [self._path]
        numbers = range(self._first_number, self._first_number + self.frame_count)
        return [numbered(self._path, number) for number in numbers]

    def write(self, frame: Frame) -> None:
        """Raises what the encoder raises."""
        self._encoder.write(frame)
        self._pts.append(frame.pts)
        self._durations.append(frame.duration)

    def finish(self, following: Segment | None) -> Record:
        """Flush the encoder and return the record; following: the segment that comes next."""
        self._encoder.close()
        return Record(
            self.segment,
            tuple(self._pts),
            tuple(self._durations),
            self._encoder.order,
            following,
        )

    def abandon(self) -> None:
        """Close the incomplete file, which will not be used."""
        self._encoder.abandon()
