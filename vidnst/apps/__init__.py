"""The user interfaces: commands, page, batches, and the Python API."""
