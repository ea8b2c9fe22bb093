"""Paint frames that OpenCV reads, and write them with OpenCV.

python examples/opencv_frames.py samples/clip.mp4 samples/wave.jpg painted.avi
"""

import sys

import cv2

import vidnst


def main(source: str, style: str, target: str) -> None:
    painter = vidnst.Stylizer(style)
    film = cv2.VideoCapture(source)
    rate = film.get(cv2.CAP_PROP_FPS)
    writer = None
    while True:
        found, frame = film.read()
        if not found:
            break
        # vidnst's pictures are RGB, OpenCV's BGR. Frames of one scene share their statistics.
        painted = painter.paint(frame[:, :, ::-1].copy(), new_scene=writer is None)
        if writer is None:
            size = (painted.shape[1], painted.shape[0])
            writer = cv2.VideoWriter(target, cv2.VideoWriter.fourcc(*"MJPG"), rate, size)
        writer.write(painted[:, :, ::-1].copy())
    if writer is not None:
        writer.release()


if __name__ == "__main__":
    main(*sys.argv[1:])
