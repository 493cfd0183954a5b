"""The fault matrices: a database of their own, faults that strike while a worker process sends or fetches mail, and the count.

Nothing here runs inside a transaction of a test case: the workers of `tests/workers.py` commit, die and meet each other.
"""
