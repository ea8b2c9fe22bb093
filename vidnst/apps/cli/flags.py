"""What the library calls an option, said as the command line says it.

Below the command line, errors and notes name options by their fields, between backquotes, for that
is what sets them in Python: `tune_steps`, or with a value `steady=0` and `resume=False`. Wherever
such a text reaches a person, with_flags makes --tune-steps, --steady 0 and --no-resume of it. What
stands between backquotes and is no option stays as it is.
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
    """The flag of a field, where it is called like it: --style-weight for style_weight."""
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
"""Flags that are called otherwise than their fields, and those of what is a field of no options."""
_FLAGS = {
    field.name: flag_of(field.name)
    for options in _OPTIONS
    for field in fields(options)
    if not is_dataclass(field.type)
} | _OTHERWISE
_NAMED = re.compile(r"`(\w+)(?:=([^`]*))?`")


def with_flags(text: str, names: Mapping[str, str] = _FLAGS) -> str:
    """A text of the library with its options called as users know them.

    names: of fields, by which users know them.
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
