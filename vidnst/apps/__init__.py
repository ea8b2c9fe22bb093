"""What people start: the commands, the page, batches, and the Python interface."""
