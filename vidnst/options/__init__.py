"""Every setting, with its range."""
