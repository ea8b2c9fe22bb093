"""Deinterlacing: one progressive frame for each interlaced one."""

from collections.abc import Iterable, Iterator

import av
from av.filter import Graph

from vidnst.media.timestamps import Timed


def progressive(frames: Iterable[Timed]) -> Iterator[Timed]:
    """Deinterlace the frames that are interlaced; the others pass as they are.

    An output depends only on its own frame and the two neighbors, so that after a seek, all frames
    from the second on are the same as in a full pass.
    """
    before: Timed | None = None
    fields: _Deinterlacer | None = None
    for timed in frames:
        shape = (timed.frame.width, timed.frame.height, timed.frame.format.name)
        if fields is not None and fields.shape != shape:
            yield from fields.rest()
            fields = before = None
        if fields is None and timed.frame.interlaced_frame:
            fields = _Deinterlacer(timed.frame)
            if before is not None and _shape(before.frame) == shape:
                fields.push(before)
                fields.known.clear()
        if fields is None:
            yield timed
        else:
            fields.push(timed)
            yield from fields.ready()
        before = timed
    if fields is not None:
        yield from fields.rest()


def _shape(frame: av.VideoFrame) -> tuple[int, int, str]:
    return frame.width, frame.height, frame.format.name


class _Deinterlacer:
    """bwdif for frames of one size and pixel format. known: frames inside the filter, by number.

    Frames pass the filter with their numbers as timestamps, which it doubles.
    """

    def __init__(self, frame: av.VideoFrame) -> None:
        self.shape = _shape(frame)
        self.known: dict[int, Timed] = {}
        self._count = 0
        self._graph = Graph()
        source = self._graph.add_buffer(
            width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
        )
        self._graph.link_nodes(
            source,
            self._graph.add("bwdif", "mode=send_frame:deint=interlaced"),
            self._graph.add("buffersink"),
        ).configure()

    def push(self, timed: Timed) -> None:
        timed.frame.pts = self._count
        self.known[self._count] = timed
        self._count += 1
        self._graph.push(timed.frame)

    def ready(self) -> Iterator[Timed]:
        while True:
            try:
                frame = self._graph.pull()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            assert isinstance(frame, av.VideoFrame)
            assert frame.pts is not None
            timed = self.known.pop(frame.pts // 2, None)
            if timed is not None:
                # Progressive frames are passed on themselves, without the filter's conversions.
                woven = timed.frame.interlaced_frame
                yield Timed(frame, timed.pts, timed.duration) if woven else timed

    def rest(self) -> Iterator[Timed]:
        self._graph.push(None)
        yield from self.ready()
