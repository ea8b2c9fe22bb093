"""What a media file holds, read with PyAV alone: the tests' own eyes."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np


@dataclass(frozen=True)
class Facts:
    frame_count: int
    pts_seconds: list[Fraction]
    size_hw: tuple[int, int]
    sample_aspect: Fraction
    range: int
    matrix: int
    primaries: int
    transfer: int
    audio: list[str]
    subtitles: list[str]
    packets: dict[int, list[bytes]]
    audio_start_seconds: list[Fraction]
    time_base: Fraction


def facts(path: Path) -> Facts:
    """Decode a whole file's first film and gather what a viewer could notice."""
    with av.open(str(path)) as container:
        film = container.streams.video[0]
        time_base = film.time_base
        assert time_base is not None
        times: list[Fraction] = []
        last = None
        for frame in container.decode(film):
            assert frame.pts is not None
            assert not frame.is_corrupt
            times.append(frame.pts * time_base)
            last = frame
        assert last is not None
        turned = round(last.rotation / 90) % 2
        aspect = Fraction(film.sample_aspect_ratio or 1)
        size_hw = (last.width, last.height) if turned else (last.height, last.width)
        tags = (last.color_range, last.colorspace, last.color_primaries, last.color_trc)
        audio = [s.codec_context.codec.canonical_name for s in container.streams.audio]
        subtitles = [s.codec_context.codec.canonical_name for s in container.streams.subtitles]
    packets: dict[int, list[bytes]] = {}
    starts: dict[int, Fraction] = {}
    with av.open(str(path)) as container:
        sounds = list(container.streams.audio)
        for packet in container.demux(sounds) if sounds else ():
            if packet.pts is not None:
                packets.setdefault(packet.stream.index, []).append(bytes(packet))
                starts.setdefault(packet.stream.index, packet.pts * packet.time_base)
    return Facts(
        frame_count=len(times),
        pts_seconds=times,
        size_hw=size_hw,
        sample_aspect=1 / aspect if turned else aspect,
        range=int(tags[0]),
        matrix=int(tags[1]),
        primaries=int(tags[2]),
        transfer=int(tags[3]),
        audio=audio,
        subtitles=subtitles,
        packets=packets,
        audio_start_seconds=list(starts.values()),
        time_base=time_base,
    )


def first_picture(path: Path) -> np.ndarray:
    with av.open(str(path)) as container:
        return next(container.decode(video=0)).to_ndarray(format="rgb24")


def decoded_sound(path: Path, track: int = 0) -> tuple[np.ndarray, int]:
    """One track as mono float samples from time 0 on, and its rate."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[track]
        blocks, rate = [], stream.rate
        position = None
        for frame in container.decode(stream):
            samples = frame.to_ndarray().astype(np.float64)
            if not frame.format.is_planar:
                samples = samples.reshape(-1, frame.layout.nb_channels).T
            if position is None:
                assert frame.pts is not None
                assert frame.time_base is not None
                position = round(frame.pts * frame.time_base * rate)
            blocks.append(samples.mean(0))
    sound = np.concatenate(blocks)
    assert position is not None
    return (
        np.concatenate([np.zeros(position), sound]) if position > 0 else sound[-position:]
    ), rate
