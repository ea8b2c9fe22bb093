"""Rendering a film: its segments, what paints them, and the folder in which they are kept."""
