"""How a result is encoded, and which other files are written."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from vidnst.errors import UsageError
from vidnst.options.fields import option, require_in_range


@dataclass(frozen=True)
class EncodeOptions:
    """How the result is encoded; None takes the container's default.

    Codecs differ in what they support: media/codecs.py checks it.
    """

    codec: str | None = None
    crf: float | None = None
    preset: str | None = None
    pix_fmt: str | None = None


StartNumber = int | Literal["timecode"]
CompareAs = Literal["side", "split"]


@dataclass(frozen=True)
class DeliveryOptions:
    """Which other files are written, and how pictures are numbered. Each field is an option.

    start_number: None keeps the source's own numbers.
    """

    start_number: StartNumber | None = option(
        None,
        "of numbered pictures: the first one's number, or `timecode`: the source's, in frames",
    )
    compare: Path | None = option(None, "write also a film of the source beside the result")
    compare_as: CompareAs = option(
        "side",
        "side: one beside the other; split: half of each",
        choices=get_args(CompareAs),
    )
    contact_sheet: Path | None = option(
        None, "write also a PNG with pictures of the result, of each shot one"
    )

    def __post_init__(self) -> None:
        require_in_range(self)
        number = self.start_number
        if isinstance(number, int) and not 0 <= number < 10**9:
            raise UsageError(f"`start_number` is {number}, but must lie in 0..999999999")
        if self.contact_sheet is not None and self.contact_sheet.suffix.lower() != ".png":
            raise UsageError(f"`contact_sheet` {self.contact_sheet}: the contact sheet is a .png")


def parse_start_number(text: str) -> StartNumber:
    """A number, or 'timecode'. Raises UsageError for anything else."""
    if text == "timecode":
        return "timecode"
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"`start_number` is {text!r}, but must be a number or timecode")
    return int(text)
