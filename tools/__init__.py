"""Pure Python: no ORM, no environment, no network at import. One topic a file, each with a table test.

A model reads values, asks a function of this package, and writes the result.
"""
