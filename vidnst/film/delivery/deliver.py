"""What is handed over with a film: its pictures' numbers, a comparison, a contact sheet."""

from contextlib import ExitStack
from pathlib import Path

from vidnst.errors import OutputError, UsageError
from vidnst.film.delivery.compare import comparison_encoding, write_comparison
from vidnst.film.delivery.contact_sheet import write_contact_sheet
from vidnst.film.inputs import files_read
from vidnst.film.source import excerpt_of
from vidnst.media.clip import Clip
from vidnst.media.names import is_pattern, is_sequence, sequence_numbers
from vidnst.media.opening import SEQUENCE_RATE
from vidnst.media.result import PendingResult, check_target
from vidnst.media.source import Source
from vidnst.media.timecode import frames_before, frames_of
from vidnst.options.output import DeliveryOptions
from vidnst.options.render import RenderOptions


class Delivery:
    """Of one film. What is asked for is checked at once, and written when the film stands."""

    def __init__(
        self, options: RenderOptions, source: Source, output: Path, *, size_hw: tuple[int, int]
    ) -> None:
        """Raises UsageError and OutputError where something cannot be delivered."""
        self._options, self._source = options, source
        wanted = options.delivery
        if wanted.start_number is not None and not is_pattern(output):
            raise UsageError(
                "`start_number` is for numbered pictures, such as `output=frames/%06d.png`"
            )
        if wanted.compare is not None:
            if is_pattern(output):
                raise UsageError(
                    f"`compare` needs a film with times, and {output.name} are pictures without: "
                    "name a film as the result (`output`)"
                )
            comparison_encoding(wanted.compare, size_hw, wanted.compare_as)
        names = {output.resolve()}
        for target in (wanted.compare, wanted.contact_sheet):
            if target is None:
                continue
            check_target(target, files_read(options), overwrite=options.overwrite)
            if target.resolve() in names:
                raise OutputError(f"{target} is asked for twice: give each its own name")
            names.add(target.resolve())

    def write(self, painted: Path) -> None:
        """Write what goes with the painted film; each file appears only when all are whole."""
        wanted, excerpt = self._options.delivery, excerpt_of(self._source.facts, self._options)
        with ExitStack() as pending:
            results = []
            if wanted.compare is not None:
                results.append(result := pending.enter_context(PendingResult(wanted.compare)))
                write_comparison(
                    self._source,
                    painted,
                    result.path,
                    how=wanted.compare_as,
                    name=self._options.style.stem,
                    folder=result.folder,
                    excerpt=excerpt,
                )
            if wanted.contact_sheet is not None:
                results.append(result := pending.enter_context(PendingResult(wanted.contact_sheet)))
                write_contact_sheet(self._source, painted, result.path, excerpt=excerpt)
            for result in results:
                result.keep()


def require_film(delivery: DeliveryOptions) -> None:
    """Refuse for still pictures what only films have. Raises UsageError."""
    for name, given in (
        ("start_number", delivery.start_number),
        ("compare", delivery.compare),
        ("contact_sheet", delivery.contact_sheet),
    ):
        if given is not None:
            raise UsageError(f"`{name}` has no meaning for a still picture")


def first_number(options: RenderOptions, clip: Clip) -> int:
    """Of numbered pictures; each keeps its number: the source's, or its timecode's frame count.

    Raises UsageError where there is none.
    """
    asked = options.delivery.start_number
    skipped = frames_before(clip, options.start_seconds)
    if asked == "timecode":
        if clip.timecode is None:
            raise UsageError(f"{clip.path} has no timecode: give `start_number` a number")
        return frames_of(clip.timecode, clip.rate or SEQUENCE_RATE) + skipped
    if asked is not None:
        return asked
    return sequence_numbers(clip.path)[0] + skipped if is_sequence(clip.path) else 1
