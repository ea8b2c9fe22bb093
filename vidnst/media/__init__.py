"""Frames, pictures and sound: in from files, out to files."""
