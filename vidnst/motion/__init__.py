"""Motion between frames: optical flow, warping, visibility."""
