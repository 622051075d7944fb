"""Pages for support and security, under /desk: dense, for the keyboard, and working without scripts; and evidence packs of cases.

May import: `staff`, `reports`, `centre`, `help`, `connect`, `portal`'s words and files, `mfa`, `notifier`'s words, and below.
Imported by: `rights`, `api`, `bootstrap`, the command line.
"""
