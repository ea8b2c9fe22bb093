"""The stylizers, each in a file."""
