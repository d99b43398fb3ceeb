"""Dock widgets: each turns its form into a request, runs it, and shows what comes back."""
