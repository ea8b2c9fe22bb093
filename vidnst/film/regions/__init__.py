"""Regions of a frame and their styles, read from masks and tracked by optical flow."""
