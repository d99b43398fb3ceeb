"""The command `demo`, and the real window driven by a program."""
