"""What is delivered with a film: picture numbers, a comparison, a contact sheet."""

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
    """The delivery of one film: options are checked at once, files written after the film."""

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
        """Write the files that go with the painted film; they appear once all are complete."""
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
    """Raises UsageError for options of a still picture that only films have."""
    for name, given in (
        ("start_number", delivery.start_number),
        ("compare", delivery.compare),
        ("contact_sheet", delivery.contact_sheet),
    ):
        if given is not None:
            raise UsageError(f"`{name}` has no meaning for a still picture")


def first_number(options: RenderOptions, clip: Clip) -> int:
    """The first number of numbered pictures: the one given, the timecode's, or the source's.

    Raises UsageError where the timecode is asked for and there is none.
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
