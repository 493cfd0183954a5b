"""What a message is, if not mail for a record: one kind a file, each with a function ``read(message)`` that says so or returns None."""
