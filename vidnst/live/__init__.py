"""Live rendering: capture, frame pacing, cut detection, painting without stalls, outputs."""
