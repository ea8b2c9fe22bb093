"""The commands: parse arguments into options, make one call, and print the result."""
