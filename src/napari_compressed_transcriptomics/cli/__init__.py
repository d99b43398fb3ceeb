"""The command line, one file per command."""

from .command_line import main

__all__ = ["main"]
