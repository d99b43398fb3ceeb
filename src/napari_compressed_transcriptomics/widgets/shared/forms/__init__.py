"""Forms of docks as a whole."""
