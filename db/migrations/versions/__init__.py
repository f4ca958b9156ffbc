"""One module for each step, named for its effect."""
