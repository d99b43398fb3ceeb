"""The networks of codecs."""
