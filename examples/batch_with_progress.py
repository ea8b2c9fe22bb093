"""Paint every film of a folder, with a line of progress of your own for each.

python examples/batch_with_progress.py samples samples/wave.jpg painted
"""

import sys
from pathlib import Path

import vidnst


def main(folder: str, style: str, target: str) -> None:
    out = Path(target)
    out.mkdir(exist_ok=True)
    for film in sorted(Path(folder).glob("*.mp4")):

        def show(progress: vidnst.Progress, name: str = film.name) -> None:
            for note in progress.notes:
                print(f"{name}: {note}")
            if progress.frames_done % 24 == 0:
                print(f"{name}: {progress.frames_done} of {progress.frame_count or '?'}")

        options = vidnst.RenderOptions(
            film, Path(style), out / film.name, size="120", overwrite=True
        )
        try:
            vidnst.render(options, on_progress=show)
        except vidnst.VidnstError as error:
            print(f"{film.name}: {error}")


if __name__ == "__main__":
    main(*sys.argv[1:])
