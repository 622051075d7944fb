"""How long everything is kept, what is told of one account, and what is taken away when its owner wants it erased.

May import: `portal`, `mfa`, `cases`, `activity`, `wallet`, `http`, `audit`, `memory`, `platform`.
Imported by: `api`, `bootstrap`, the command line.
"""
