"""Presets of mail servers."""
