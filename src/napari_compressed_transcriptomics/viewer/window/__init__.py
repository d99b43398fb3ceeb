"""What concerns the window and its event loop rather than what is shown in it."""
