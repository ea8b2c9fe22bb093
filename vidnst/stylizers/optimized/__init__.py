"""Stylizers that optimize the pixels of each picture."""
