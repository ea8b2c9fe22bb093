"""Regions of a frame: which is painted how, read from masks and carried along the motion."""
