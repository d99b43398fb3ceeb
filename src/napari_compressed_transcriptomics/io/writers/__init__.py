"""Results to files, and result folders read back."""
