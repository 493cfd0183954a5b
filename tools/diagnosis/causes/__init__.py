"""The table of causes, one file a topic."""
