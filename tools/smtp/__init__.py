"""SMTP: the connection, the session that sends through it, one transaction as values."""
