"""What an operator sets right: dead letters, lost memory, a changed topic, an account with wrong times.

May import: `bootstrap`, `replay`, `stream`.
Imported by: the command line.
"""
