"""The commands: arguments to options, one call, and what a person sees of it."""
