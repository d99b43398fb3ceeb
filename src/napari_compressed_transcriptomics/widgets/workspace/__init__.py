"""The main dock: all others as its pages, in the order of work."""
