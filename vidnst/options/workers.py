"""How many processes paint a film, and where."""

from dataclasses import dataclass

from vidnst.options.fields import option, require_in_range


@dataclass(frozen=True)
class CrewOptions:
    """Which worker processes paint a film's segments. Each field is an option of the command line.

    workers: None paints in this process alone, as frames are read, or with a cluster, starts as
    many workers as it has room for. cluster: None, `auto` or a Ray cluster's address.
    """

    workers: int | None = option(
        None, "paint segments in so many processes at once", low=1, high=1024
    )
    cluster: str | None = option(
        None, "paint on a Ray cluster: its address, or auto for the one here, started where needed"
    )
    cpus_per_worker: int = option(1, "cores of the cluster for each worker", low=1, high=1024)
    gpus_per_worker: float = option(0.0, "GPUs, or a share of one, for each", low=0, high=16)

    def __post_init__(self) -> None:
        require_in_range(self)
