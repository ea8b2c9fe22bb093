"""What paints: each stylizer in a file."""
