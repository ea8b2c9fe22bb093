"""Every troublesome real clip, painted whole and compared with its source."""

from pathlib import Path

import pytest
import torch

from helpers.media_facts import facts
from helpers.places import SHARED
from vidnst.film.render import render
from vidnst.nets.network import StyleNetwork
from vidnst.nets.shape import NetworkShape
from vidnst.nets.style_code import code_encoder, style_code
from vidnst.options.output import EncodeOptions
from vidnst.options.render import RenderOptions
from vidnst.options.steady import SteadyOptions
from vidnst.options.stylizers import Fast

CLIPS = sorted((SHARED / "clips").glob("*.mp4"))


@pytest.fixture(scope="module")
def small_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What is painted tells nothing of the file: an untrained network of few channels does."""
    torch.manual_seed(0)
    code = style_code(code_encoder(), torch.rand(1, 3, 64, 64))
    path = tmp_path_factory.mktemp("network") / "small.safetensors"
    StyleNetwork(NetworkShape(8, 8, 8, experts=2, hidden=16), code_length=code.shape[1]).save(path)
    return path


@pytest.mark.skipif(not CLIPS, reason="the shared clips are not on this machine")
@pytest.mark.slow
@pytest.mark.parametrize("clip", CLIPS, ids=lambda path: path.stem)
def test_result_matches_its_source(
    clip: Path, small_network: Path, style: Path, tmp_path: Path
) -> None:
    output = tmp_path / "painted.mp4"
    report = render(
        RenderOptions(
            source=clip,
            style=style,
            output=output,
            stylizer=Fast(weights=small_network),
            # Nor does it tell whether it is steady.
            steadying=SteadyOptions(steady=0),
            encoding=EncodeOptions(preset="ultrafast"),
        )
    )
    source, result = facts(clip), facts(output)
    assert report.frames == result.frame_count == source.frame_count
    assert result.pts_seconds == source.pts_seconds
    assert result.size_hw == source.size_hw
    assert result.sample_aspect == source.sample_aspect
    assert (result.range, result.matrix) == (source.range, source.matrix)
    assert (result.primaries, result.transfer) == (source.primaries, source.transfer)
    assert result.audio == source.audio
    assert result.subtitles == source.subtitles
    assert list(result.packets.values()) == list(source.packets.values()), (
        "sound is not copied as is"
    )
    assert result.audio_start_seconds == source.audio_start_seconds
    assert sorted(p.name for p in tmp_path.iterdir()) == ["painted.mp4"]
