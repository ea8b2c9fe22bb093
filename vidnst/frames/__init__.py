"""Pictures and frames: pixels, colors, sizes and weight maps."""
