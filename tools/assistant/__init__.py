"""The set-up assistant: what Exchange, Entra and DNS must say, and how an administrator gets them to."""
