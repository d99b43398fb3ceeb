"""Parts that several docks have."""
