"""Worker processes that really commit, really die and really meet each other, for the fault matrix and for `dev/o365 bench`.

Nothing here runs inside a test case of Odoo: those keep one transaction open for all of a test, and end no process.

* :mod:`.workers` starts and ends the processes; it imports no Odoo.
* ``worker.py`` is the program they run.
* :mod:`.matrix` is a database with queued mails, and the count of what became of them.
"""
