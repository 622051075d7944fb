"""Pages of the links in letters: the owner says whether something was them, and sees money stopped.

May import: `portal`, `mfa`, `notifier`'s words, `cases`, `wallet`, `http`.
Imported by: `api`.
"""
