"""Join encoded segments into one film, with its sound and subtitles."""

from collections.abc import Sequence
from pathlib import Path

from vidnst.film.plan import Film
from vidnst.film.segments.order import film_end, in_order, shown_times
from vidnst.film.segments.segment import Record
from vidnst.film.segments.write import encoder_of
from vidnst.media.gif import write_gif
from vidnst.media.join import join_streams


def join_segments(
    film: Film, segments: Sequence[Path], records: Sequence[Record], target: Path
) -> None:
    """Write target from the encoded segments, with the film's sound and subtitles.

    Raises OutputError where the disk is full.
    """
    clip = film.clip
    end = film_end(clip, records[-1], film.excerpt)
    if film.encoding.container.format == "gif":
        write_gif(clip, segments, shown_times(records), target, end=end)
        return
    pictures = target.with_name(f".film{target.suffix}")
    with encoder_of(film, pictures, film.encoding) as encoder:
        for packet, pts, dts, duration in in_order(segments, records, end=end):
            encoder.copy(packet, pts=pts, dts=dts, duration=duration)
    times = shown_times(records)
    join_streams(
        pictures,
        clip,
        target,
        film.encoding,
        last_frame=(times[-1] * clip.time_base, end * clip.time_base),
        beside=film.accompaniment,
        excerpt=film.excerpt,
    )
    pictures.unlink()
