"""Translate the library's option names in messages to command-line flags.

The library's errors and notes name options by their Python fields, in backquotes: `tune_steps`, or
with a value `steady=0` and `resume=False`. Before such a text is printed, with_flags turns them
into --tune-steps, --steady 0 and --no-resume. Other text in backquotes is left as it is.
"""

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args

from vidnst.apps.page.options import PageLimits, PageOptions
from vidnst.options.output import EncodeOptions
from vidnst.options.regions import RegionOptions
from vidnst.options.render import OptionGroup, RenderOptions
from vidnst.options.styles import StyleOptions
from vidnst.options.stylizers import Fast, Foreign
from vidnst.options.webcam import OutputOptions, PaceOptions, WebcamOptions


def flag_of(name: str) -> str:
    """The flag with the same name as a field: --style-weight for style_weight."""
    return f"--{name.replace('_', '-')}"


_OPTIONS: tuple[type[Any], ...] = (
    RenderOptions,
    StyleOptions,
    Fast,
    Foreign,
    RegionOptions,
    EncodeOptions,
    *get_args(OptionGroup),
    WebcamOptions,
    PaceOptions,
    OutputOptions,
    PageOptions,
    PageLimits,
)
_OTHERWISE = {
    "source": "INPUT",
    "output": "-o",
    "start_seconds": "--start",
    "end_seconds": "--end",
    "stylizer": "--stylizer",
    "styles": "--style",
    "painted": "--painted",
    "fine": "--fine-style",
    "value_range": "--network-range",
    "mask": "--mask",
    "style_mask": "--style-mask",
    "regions": "--region",
    "softness": "--mask-softness",
    "preset": "--encoder-preset",
    "side": "--side",
}
"""Flags whose names differ from their fields', and flags without a field."""
_FLAGS = {
    field.name: flag_of(field.name)
    for options in _OPTIONS
    for field in fields(options)
    if not is_dataclass(field.type)
} | _OTHERWISE
_NAMED = re.compile(r"`(\w+)(?:=([^`]*))?`")


def with_flags(text: str, names: Mapping[str, str] = _FLAGS) -> str:
    """A text of the library, its options named as users know them.

    names: from fields to the names that users know.
    """

    def known(found: "re.Match[str]") -> str:
        field, value = found.groups()
        name = names.get(field)
        if name is None:
            return found[0]
        if value in (None, "True"):
            return name
        return f"--no-{name[2:]}" if value == "False" else f"{name} {value}"

    return _NAMED.sub(known, text)
