"""The fault matrix: queued mails on a database of its own, faults that strike while a worker process sends them, and the count.

Nothing here runs inside a transaction of a test case: the workers of `tests/workers.py` commit, die and meet each other.
"""
