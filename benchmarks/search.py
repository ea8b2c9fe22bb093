"""How long the search for the nearest places takes, in the ways that are known, in one run.

    python benchmarks/search.py [--picture FILE] [--style FILE] [--width 480] [--rounds 5]

Every place of the picture is looked for among those of the style, as `neighbor` does: by what ships
(all compared, in the processor's own number format), all compared in float32, by the style's 128
principal components with the eight best compared in full, and by faiss where it is installed.
Prints the median time of each and how often it finds the place that float32 finds.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from vidnst.frames.resize import resize
from vidnst.media.pictures import read_picture
from vidnst.nets.places import nearest
from vidnst.nets.precision import processor_dtype
from vidnst.nets.style_pictures import style_pictures
from vidnst.nets.tensors import as_tensor
from vidnst.stylizers.optimized.neighbor import neighbor_encoder
from vidnst.stylizers.optimized.places import PlaceReader, StylePlaces, lightness, tones

ROOT = Path(__file__).resolve().parent.parent
_COMPONENTS, _COMPARED = 128, 8


def by_components(places: Tensor) -> Callable[[Tensor], Tensor]:
    """Among the few that are nearest by principal components, the nearest."""
    components = torch.linalg.eigh(places.T @ places)[1][:, -_COMPONENTS:]
    small = (places @ components).bfloat16().T.contiguous()

    def search(queries: Tensor) -> Tensor:
        found = []
        for block in queries.split(4096):
            few = ((block @ components).bfloat16() @ small).topk(_COMPARED, 1)[1]
            best = torch.einsum("qc,qkc->qk", block, places[few]).argmax(1, keepdim=True)
            found.append(few.gather(1, best)[:, 0])
        return torch.cat(found)

    return search


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--picture", type=Path, default=ROOT / "docs" / "before_after.jpg")
    parser.add_argument("--style", type=Path, default=ROOT / "samples" / "wave.jpg")
    parser.add_argument("--width", type=int, default=480)
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    picture = read_picture(args.picture)
    size_hw = (round(picture.shape[0] * args.width / picture.shape[1]), args.width)
    scene = as_tensor(resize(picture, size_hw), torch.device("cpu"))
    reader = PlaceReader(neighbor_encoder("slim").requires_grad_(False), processor_dtype())
    style = style_pictures(read_picture(args.style))
    known = StylePlaces(
        [style], [None], reader, brush_size=None, seed=0, device=torch.device("cpu")
    ).at(size_hw, 0)
    looks = known.look([each - each.mean((0, 1)) for each in reader.read(scene)])
    tone = tones(lightness(scene)).flatten(0, 1)
    queries = F.normalize(known.together(looks, tone), dim=1)
    own = processor_dtype()
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "all, float32": lambda q: nearest(q, known.joint, torch.float32)[0],
        f"all, {own} (ships)": lambda q: nearest(q, known.joint, own)[0],
        f"{_COMPONENTS} components, {_COMPARED} in full": by_components(known.joint),
    }
    try:
        import faiss
    except ImportError:
        print("faiss is not installed (pip install faiss-cpu)")
    else:
        index = faiss.IndexFlatIP(known.joint.shape[1])
        index.add(known.joint.numpy())
        ways["faiss, flat"] = lambda q: torch.from_numpy(index.search(q.numpy(), 1)[1][:, 0])
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    found = {}
    for _ in range(args.rounds):  # In turn, so that what else runs slows all alike.
        for name, search in ways.items():
            started = time.perf_counter()
            found[name] = search(queries)
            seconds[name].append(time.perf_counter() - started)
    exact = known.joint[next(iter(found.values()))]
    print(f"{len(queries)} places among {len(known.joint)}, {known.joint.shape[1]} numbers each")
    for name, times in seconds.items():
        worse = ((exact - known.joint[found[name]]) * queries).sum(1)
        print(
            f"{name:32} {1e3 * statistics.median(times):7.0f} ms, cosine on average "
            f"{worse.mean():.5f} below the best, at most {worse.max():.4f}"
        )


if __name__ == "__main__":
    main()
