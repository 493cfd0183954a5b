"""What comes in: the messages of a mailbox by their UIDs, and what became of each."""
