"""vidnst train and vidnst train-encoder: make the networks that ship, or one's own."""

import argparse
import json
import sys
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidnst.commands.parser import Parser
from vidnst.commands.tell import tell
from vidnst.errors import UsageError
from vidnst.option_fields import flag_of
from vidnst.training.settings import EncoderSettings, TrainingSettings

if TYPE_CHECKING:
    import torch

    from vidnst.style.perceptual import PerceptualEncoder


def train_parser() -> argparse.ArgumentParser:
    """The arguments of training; every field of TrainingSettings is one."""
    parser = Parser(
        prog="vidnst train",
        description="Train the network from photos and paintings; a stopped run is resumed.",
        allow_abbrev=False,
    )
    _add_arguments(parser, TrainingSettings)
    parser.add_argument(
        "--start-from", type=Path, metavar="FILE",
        help="weights of a network of the same shape to begin with (default: random ones)",
    )  # fmt: skip
    return parser


def _add_arguments(
    parser: argparse.ArgumentParser, settings: type[TrainingSettings] | type[EncoderSettings]
) -> None:
    """Add what every training takes, and an option for each of its settings."""
    pictures = "folder or tar of"
    parser.add_argument("--photos", type=Path, required=True, help=f"{pictures} photos")
    parser.add_argument(
        "--paintings", type=Path, action="append", required=True,
        help=f"{pictures} paintings; may be given again",
    )  # fmt: skip
    parser.add_argument(
        "--teacher", action="append", required=True, metavar="FILE|vgg19",
        help="encoder to learn from: a safetensors file, or torchvision's VGG-19; "
        "may be given again",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument("--device", default="cpu", help="cpu, cuda, mps (default: %(default)s)")
    parser.add_argument(
        "--save-every", type=int, default=500, metavar="STEPS", help="(default: %(default)s)"
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
    _add_arguments(parser, EncoderSettings)
    return parser


def run(arguments: list[str]) -> int:
    """Run `vidnst train` and return the exit code."""
    args = _parsed(train_parser(), arguments, TrainingSettings)
    from tqdm import tqdm

    from vidnst.training.train import TrainingStep, train

    settings = TrainingSettings(**{f.name: getattr(args, f.name) for f in fields(TrainingSettings)})
    material = _material(args)
    with tqdm(total=settings.steps, unit=" steps", dynamic_ncols=True) as bar:

        def show(step: TrainingStep) -> None:
            bar.update(step.step + 1 - bar.n)
            bar.set_postfix(near=f"{step.near:.3f}", cover=f"{step.cover:.3f}", refresh=False)

        weights = train(
            settings,
            **material,
            start_from=args.start_from,
            on_note=partial(bar.write, file=sys.stderr),
            on_step=show,
        )
    tell(weights)
    return 0


def run_encoder(arguments: list[str]) -> int:
    """Run `vidnst train-encoder` and return the exit code."""
    args = _parsed(encoder_parser(), arguments, EncoderSettings)
    from tqdm import tqdm

    from vidnst.training.encoder import train_encoder

    settings = EncoderSettings(**{f.name: getattr(args, f.name) for f in fields(EncoderSettings)})
    material = _material(args)
    with tqdm(total=settings.steps, unit=" steps", dynamic_ncols=True) as bar:

        def show(step: int, loss: float) -> None:
            bar.update(step + 1 - bar.n)
            bar.set_postfix(loss=f"{loss:.3f}", refresh=False)

        weights = train_encoder(
            settings,
            **material,
            on_step=show,
        )
    tell(weights)
    return 0


def _parsed(
    parser: argparse.ArgumentParser,
    arguments: list[str],
    settings: type[TrainingSettings] | type[EncoderSettings],
) -> argparse.Namespace:
    """The arguments; what they leave out comes from the --settings file, then from the defaults."""
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


def _material(args: argparse.Namespace) -> dict[str, Any]:
    """What every training takes besides its settings."""
    return {
        "photos": args.photos,
        "paintings": args.paintings,
        "teachers": _teachers(args),
        "out": args.out,
        "device": _device(args),
        "save_every": args.save_every,
    }


def _teachers(args: argparse.Namespace) -> "list[PerceptualEncoder]":
    from vidnst.style.perceptual import load_encoder, torchvision_vgg19

    return [torchvision_vgg19() if t == "vgg19" else load_encoder(Path(t)) for t in args.teacher]


def _device(args: argparse.Namespace) -> "torch.device":
    import torch

    try:
        device = torch.device(args.device)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(f"--device {args.device} is not to be had here: {error}") from error
    return device
