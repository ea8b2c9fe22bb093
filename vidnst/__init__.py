"""vidnst paints films: any video, in the style of any picture, steady from frame to frame."""

__version__ = "0.1.0"
