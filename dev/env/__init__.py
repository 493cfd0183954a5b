"""What `dev/o365` is made of: it provisions Odoo 19 and its tools outside the repository and runs the addon in it.

Only the standard library, and nothing of Odoo, may be imported here: this code runs before either exists.
"""
