"""Dock widget Compare methods: which method tells most about the user's own data."""
