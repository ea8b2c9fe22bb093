"""vidnst train, train-style and train-encoder: make the networks that ship, or one's own."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from vidnst.apps.cli.flags import flag_of
from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.tell import tell
from vidnst.errors import UsageError
from vidnst.nets.training.settings import (
    EncoderSettings,
    Settings,
    SingleSettings,
    TrainingSettings,
)
from vidnst.options.built_in import style_path

if TYPE_CHECKING:
    import torch

    from vidnst.nets.perceptual import PerceptualEncoder
    from vidnst.nets.training.loop import TrainingStep

AnySettings = TypeVar("AnySettings", TrainingSettings, SingleSettings, EncoderSettings)


def train_parser() -> argparse.ArgumentParser:
    """The arguments of training; every field of TrainingSettings is one."""
    parser = Parser(
        prog="vidnst train",
        description="Train the network from photos and paintings; a stopped run is resumed.",
        allow_abbrev=False,
    )
    _add_paintings(parser)
    _add_arguments(parser, TrainingSettings)
    parser.add_argument(
        "--start-from", type=Path, metavar="FILE",
        help="weights of a network of the same shape to begin with (default: random ones)",
    )  # fmt: skip
    return parser


def style_parser() -> argparse.ArgumentParser:
    """The arguments of training a style's own network; every field of SingleSettings is one."""
    parser = Parser(
        prog="vidnst train-style",
        description="Train a network of its own for one style picture, for --weights: bolder than "
        "the network for any style, and as fast. Photos of what it will paint serve best. A "
        "stopped run is resumed.",
        allow_abbrev=False,
    )
    parser.add_argument("style", help="the style picture, or a built-in style's name")
    parser.add_argument(
        "--teacher", metavar="FILE|vgg19",
        help="encoder to learn from, such as VGG-16: a safetensors file, or torchvision's VGG-19 "
        "(default: the slim one that ships, which sees less)",
    )  # fmt: skip
    _add_arguments(parser, SingleSettings, save_every=100)
    parser.add_argument(
        "--start-from", type=Path, metavar="FILE",
        help="an earlier network of this style to train on",
    )  # fmt: skip
    return parser


def _add_paintings(parser: argparse.ArgumentParser) -> None:
    """Add the training data, besides photos, of an encoder or a network for any style."""
    parser.add_argument(
        "--paintings", type=Path, action="append", required=True,
        help="folder or tar of paintings; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--teacher", action="append", required=True, metavar="FILE|vgg19",
        help="encoder to learn from: a safetensors file, or torchvision's VGG-19; "
        "may be given again",
    )  # fmt: skip


def _add_arguments(
    parser: argparse.ArgumentParser, settings: type[Settings], *, save_every: int = 500
) -> None:
    """Add the common arguments of training, and an option for each of its settings."""
    parser.add_argument("--photos", type=Path, required=True, help="folder or tar of photos")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps (default: %(default)s)")
    parser.add_argument(
        "--save-every", type=int, default=save_every, metavar="STEPS", help="(default: %(default)s)"
    )
    parser.add_argument(
        "--settings", type=Path, metavar="JSON",
        help="file with settings other than the defaults, such as weights/fast.json",
    )  # fmt: skip
    group = parser.add_argument_group("settings")
    for field in fields(settings):
        group.add_argument(
            flag_of(field.name), type=type(field.default), default=field.default,
            help="(default: %(default)s)",
        )  # fmt: skip


def encoder_parser() -> argparse.ArgumentParser:
    """The arguments of training an encoder; every field of EncoderSettings is one."""
    parser = Parser(
        prog="vidnst train-encoder",
        description="Train a slim perceptual encoder for --features from photos and paintings; a "
        "stopped run is resumed.",
        allow_abbrev=False,
    )
    _add_paintings(parser)
    _add_arguments(parser, EncoderSettings)
    parser.add_argument(
        "--start-from", type=Path, metavar="FILE",
        help="an encoder to go on from, such as the one that ships: it learns the first teacher's "
        "gradient only",
    )  # fmt: skip
    return parser


def run(arguments: list[str]) -> int:
    """Run `vidnst train` and return the exit code."""
    args = _parsed(train_parser(), arguments, TrainingSettings)
    from vidnst.nets.training.train import train

    settings = _settings(args, TrainingSettings)
    material = _material(args)
    with _progress(settings.steps) as (note, show):
        weights = train(
            settings, **material, start_from=args.start_from, on_note=note, on_step=show
        )
    tell(weights)
    return 0


def run_style(arguments: list[str]) -> int:
    """Run `vidnst train-style` and return the exit code."""
    args = _parsed(style_parser(), arguments, SingleSettings)
    from vidnst.media.pictures import read_style
    from vidnst.nets.training.single import train_single
    from vidnst.nets.weights import shipped_weights

    settings = _settings(args, SingleSettings)
    style = read_style(style_path(args.style))
    teacher = args.teacher or str(shipped_weights("slim-vgg16.safetensors"))
    common = _common(args)
    with _progress(settings.steps) as (note, show):
        weights = train_single(
            settings,
            style,
            **common,
            teacher=_teacher(teacher),
            start_from=args.start_from,
            on_note=note,
            on_step=show,
        )
    tell(weights)
    return 0


@contextmanager
def _progress(
    steps: int,
) -> "Iterator[tuple[Callable[[str], None], Callable[[TrainingStep], None]]]":
    """A progress bar; yields the callbacks for a run's notes and for its steps."""
    from tqdm import tqdm

    with tqdm(total=steps, unit=" steps", dynamic_ncols=True) as bar:

        def show(step: "TrainingStep") -> None:
            bar.update(step.step + 1 - bar.n)
            near, cover = step.losses["near"], step.losses["cover"]
            bar.set_postfix(near=f"{near:.3f}", cover=f"{cover:.3f}", refresh=False)

        yield partial(bar.write, file=sys.stderr), show


def run_encoder(arguments: list[str]) -> int:
    """Run `vidnst train-encoder` and return the exit code."""
    args = _parsed(encoder_parser(), arguments, EncoderSettings)
    from tqdm import tqdm

    from vidnst.nets.training.encoder import train_encoder

    settings = _settings(args, EncoderSettings)
    material = _material(args)
    steps = settings.gradient_steps + (settings.steps if args.start_from is None else 0)
    with tqdm(total=steps, unit=" steps", dynamic_ncols=True) as bar:

        def show(step: int, loss: float) -> None:
            bar.update(step + 1 - bar.n)
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)

        weights = train_encoder(
            settings,
            **material,
            start_from=args.start_from,
            on_step=show,
        )
    tell(weights)
    return 0


def _parsed(
    parser: argparse.ArgumentParser,
    arguments: list[str],
    settings: type[Settings],
) -> argparse.Namespace:
    """The arguments, with defaults from the --settings file, then from the dataclass."""
    args = parser.parse_args(arguments)
    if args.settings is None:
        return args
    try:
        given = json.loads(args.settings.read_text())
        known = {field.name: field.type for field in fields(settings)}
        for name, value in given.items():
            if not isinstance(value, int if known[name] is int else (int, float)):
                raise ValueError(f"{name} is {value!r}")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UsageError(f"{args.settings} holds no settings of this training: {error}") from error
    parser.set_defaults(**given)
    return parser.parse_args(arguments)


def _settings(args: argparse.Namespace, settings: type[AnySettings]) -> AnySettings:
    return settings(**{field.name: getattr(args, field.name) for field in fields(settings)})


def _material(args: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of trainings with paintings, besides their settings."""
    teachers = [_teacher(named) for named in args.teacher]
    return {**_common(args), "paintings": args.paintings, "teachers": teachers}


def _common(args: argparse.Namespace) -> dict[str, Any]:
    """The keyword arguments of every training, besides its settings."""
    return {
        "photos": args.photos,
        "out": args.out,
        "device": _device(args),
        "save_every": args.save_every,
    }


def _teacher(named: str) -> "PerceptualEncoder":
    from vidnst.nets.perceptual import load_encoder, torchvision_vgg19

    return torchvision_vgg19() if named == "vgg19" else load_encoder(Path(named))


def _device(args: argparse.Namespace) -> "torch.device":
    import torch

    try:
        device = torch.device(args.device)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {args.device} is not to be had here: {error}") from error
    return device
