"""A picture and a frame, their colors and sizes; pixels only."""
