"""The command `demo`, and the pictures of the README and the site: the real window at work."""
