"""The queue: one try of a mail, when the next one is, how much may be sent, and when not to try."""
