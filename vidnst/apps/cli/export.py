"""vidnst export: the network for a style as an ONNX file."""

import json
from pathlib import Path

from vidnst.apps.cli.parser import Parser
from vidnst.apps.cli.tell import tell
from vidnst.options.built_in import style_path


def run(arguments: list[str]) -> int:
    """Run it and return the exit code."""
    parser = Parser(
        prog="vidnst export",
        description="Write the network for a style as an ONNX file, for frames of any size: "
        "`frame`, float32 (batch, 3, height, width), RGB in 0..1, becomes `painted`, the same.",
        allow_abbrev=False,
    )
    parser.add_argument("output", type=Path, metavar="OUTPUT.onnx")
    parser.add_argument("--style", type=style_path, required=True, help="picture to paint like")
    parser.add_argument(
        "--clip", type=Path,
        help="film or picture whose statistics are baked in: faster, for such scenes "
        "(default: each frame is normed by itself)",
    )  # fmt: skip
    parser.add_argument("--weights", type=Path, help="a network by vidnst train")
    parser.add_argument("--overwrite", action="store_true", help="replace what exists already")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")
    args = parser.parse_args(arguments)
    from vidnst.apps.export import export

    exported = export(
        args.style, args.output, clip=args.clip, weights=args.weights, overwrite=args.overwrite
    )
    if args.json:
        print(json.dumps({"output": str(exported.output), "psnr": round(exported.psnr, 1)}))
    else:
        tell(f"{exported.output}: equals PyTorch to {exported.psnr:.0f} dB")
    return 0
