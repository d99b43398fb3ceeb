"""What genes are called, and which names mean the same gene."""
