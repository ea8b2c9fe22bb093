"""A crew of Ray actors, on one machine or many."""

import atexit
import logging
import os
import socket
from collections.abc import Mapping
from concurrent.futures import Future
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from vidnst.errors import OutputError, UsageError
from vidnst.film.inputs import Input
from vidnst.film.workers.isolation import neutral_directory
from vidnst.film.workers.spread import LostWorker
from vidnst.film.workers.temporary import own_folder
from vidnst.film.workers.worker import WORKER_PREFIX, Order, Painted, SegmentWorker, Task
from vidnst.media.digest import files_at
from vidnst.media.names import is_sequence
from vidnst.options.workers import CrewOptions

_PATIENCE_SECONDS = 5


class ClusterWorker:
    """The actor on a node: reads its inputs there, or receives those that are missing; paints."""

    def __init__(self, order: Order, digests: Mapping[Path, str], *, threads: int) -> None:
        """digests: of all input files and folders, by path."""
        self._order, self._digests, self._threads = order, dict(digests), threads
        self._worker: SegmentWorker | None = None
        self._open = ExitStack()
        atexit.register(self.close)

    def missing(self) -> list[Path]:
        """The inputs that this node does not have, or has with other content."""
        return [path for path, digest in self._digests.items() if Input(path, "").digest != digest]

    def receive(self, path: Path, content: bytes | Mapping[str, bytes]) -> None:
        """Receive a missing file's content, or that of a folder's files by name."""
        here = self._open.enter_context(own_folder(WORKER_PREFIX)) / "sent" / path.name
        here.parent.mkdir()
        if isinstance(content, bytes):
            here.write_bytes(content)
        else:
            here.mkdir()
            for name, part in content.items():
                (here / name).write_bytes(part)
        self._digests[here] = self._digests.pop(path)
        self._order = self._order.with_paths(lambda other: here if other == path else other)

    def paint(self, task: Task) -> Painted:
        """Raises what painting raises."""
        if self._worker is None:
            self._worker = SegmentWorker(self._order, threads=self._threads)
        return self._worker.paint(task)

    def close(self) -> None:
        """Remove received and temporary files."""
        if self._worker is not None:
            self._worker.close()
        self._open.close()


class RayCrew:
    """One Ray actor for each worker; a lost actor is replaced."""

    def __init__(self, order: Order, crew: CrewOptions, *, threads: int) -> None:
        """threads: of each worker.

        Raises UsageError where Ray is not installed or there is no such cluster, and OutputError
        where it has no room for a worker.
        """
        if (Path.home() / ".ray" / "auth_token").exists():
            # Newer Ray clusters require the token. Ray reads this variable on import.
            os.environ.setdefault("RAY_AUTH_MODE", "token")
        try:
            import ray
        except ImportError as error:
            raise UsageError("`cluster` needs ray: pip install 'vidnst[cluster]'") from error
        self._ray: Any = ray
        self._connected = not ray.is_initialized()
        if self._connected:
            _connect(ray, crew.cluster or "auto")
        self._order, self._threads = order, threads
        self._reserved = {"num_cpus": crew.cpus_per_worker, "num_gpus": crew.gpus_per_worker}
        self._sent: dict[Path, Any] = {}
        self._digests = {each.path: each.digest for each in order.inputs}
        self.size = self._room(crew.workers)
        self._actors: list[Any] = [None] * self.size
        self._loads = [0] * self.size

    def _room(self, wanted: int | None) -> int:
        there = self._ray.cluster_resources()
        kinds = {"CPU": self._reserved["num_cpus"], "GPU": self._reserved["num_gpus"]}
        room = min(int(there.get(kind, 0) // each) for kind, each in kinds.items() if each)
        if not room:
            self.__exit__()
            raise OutputError(
                f"the cluster has no room for a worker of {kinds['CPU']} cores and "
                f"{kinds['GPU']:g} GPUs (`cpus_per_worker`, `gpus_per_worker`)"
            )
        return min(room, wanted or room)

    def submit(self, task: Task) -> "Future[Painted]":
        """Have a segment painted; the future raises LostWorker where its worker is lost."""
        number = min(range(self.size), key=self._loads.__getitem__)
        actor = self._actors[number] = self._actors[number] or self._new_actor()
        self._loads[number] += 1
        outer: Future[Painted] = Future()

        def pass_on(done: "Future[Painted]") -> None:
            self._loads[number] -= 1
            error = done.exception()
            if error is None:
                outer.set_result(done.result())
            elif isinstance(error, self._ray.exceptions.RayActorError):
                if self._actors[number] is actor:
                    self._actors[number] = None
                outer.set_exception(LostWorker())
            else:
                outer.set_exception(getattr(error, "cause", None) or error)

        actor.paint.remote(task).future().add_done_callback(pass_on)
        return outer

    def _new_actor(self) -> Any:
        """Start an actor, and send it the inputs that its node does not have."""
        kind = self._ray.remote(ClusterWorker).options(**self._reserved)
        actor = kind.remote(self._order, self._digests, threads=self._threads)
        try:
            for path in self._ray.get(actor.missing.remote()):
                if is_sequence(path):
                    raise OutputError(
                        f"{path}: workers see no such pictures; put them where all do"
                    )
                if path not in self._sent:
                    self._sent[path] = self._ray.put(_content(path))
                self._ray.get(actor.receive.remote(path, self._sent[path]))
        except BaseException:
            self._end([actor])
            raise
        return actor

    def _end(self, actors: list[Any]) -> None:
        """Kill actors; each first removes its files, unless it is lost or busy."""
        asked = [actor.close.remote() for actor in actors]
        if asked:
            with suppress(self._ray.exceptions.RayError):
                self._ray.wait(asked, num_returns=len(asked), timeout=_PATIENCE_SECONDS)
        for actor in actors:
            self._ray.kill(actor)

    def __enter__(self) -> "RayCrew":
        return self

    def __exit__(self, *exc_info: Any) -> None:
        self._end([actor for actor in getattr(self, "_actors", []) if actor is not None])
        if self._connected:
            self._ray.shutdown()


def _content(path: Path) -> bytes | dict[str, bytes]:
    if path.is_dir():
        return {file.name: file.read_bytes() for file in files_at(path)}
    return path.read_bytes()


def _connect(ray: Any, address: str) -> None:
    if address != "auto":
        _require_answer(address)
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    with neutral_directory():  # Ray workers import from the driver's working directory.
        try:
            ray.init(address=address, **quiet)
        except ConnectionError as error:
            if address != "auto":
                reason = str(error.__cause__ or error).strip().splitlines()[-1]
                raise UsageError(f"`cluster` {address} cannot be joined: {reason}") from error
            ray.init(address="local", include_dashboard=False, **quiet)


def _require_answer(address: str) -> None:
    """Test the connection, which Ray itself would retry for minutes. Raises UsageError."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=5).close()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"`cluster` {address}: there is no Ray cluster (give auto or HOST:PORT)"
        ) from error
