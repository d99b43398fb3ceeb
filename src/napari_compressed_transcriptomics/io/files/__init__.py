"""Files as such: written whole or not at all, checked before they are read."""
