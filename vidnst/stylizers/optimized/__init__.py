"""Stylizers that optimize each picture."""
