"""Where things move between frames: flow, warping, visibility."""
