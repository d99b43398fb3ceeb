"""A result told on one page of HTML."""
