"""Secrets at rest, keys, and what keeps them out of logs and out of copies."""
