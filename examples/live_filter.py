"""A filter for pictures as they come: painted, and held steady along the motion.

python examples/live_filter.py 0                    # the first camera; q ends it
python examples/live_filter.py samples/clip.mp4 --frames 30 --save last.png
"""

import argparse

import cv2

from vidnst.apps.api import Stylizer
from vidnst.live.holding import Holding
from vidnst.options.steady import SteadyOptions


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("source", help="a camera's number, or a film")
    parser.add_argument("--style", default="samples/wave.jpg")
    parser.add_argument("--frames", type=int, help="stop after so many")
    parser.add_argument("--save", help="write the last picture instead of showing each")
    args = parser.parse_args()
    camera = cv2.VideoCapture(int(args.source) if args.source.isdigit() else args.source)
    painter, holding, count, shown = Stylizer(args.style), None, 0, None
    while args.frames is None or count < args.frames:
        found, frame = camera.read()
        if not found:
            break
        picture = frame[:, :, ::-1].copy()
        if holding is None:
            holding = Holding(SteadyOptions(), size_hw=picture.shape[:2])
        cut = holding.opens_shot(picture)
        shown = holding.held(
            picture, painter.paint(picture, new_scene=cut or not count), strength=1
        )
        count += 1
        if not args.save:
            cv2.imshow("painted", shown[:, :, ::-1])
            if cv2.waitKey(1) == ord("q"):
                break
    if args.save and shown is not None:
        cv2.imwrite(args.save, shown[:, :, ::-1])


if __name__ == "__main__":
    main()
