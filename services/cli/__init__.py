"""`payguard`: one module for each group of commands.

May import: everything.
Imported by: nothing.
"""
