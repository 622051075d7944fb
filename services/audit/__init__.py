"""Who did what to whose second factor: append-only rows, chained by hashes.

May import: `platform`.
Imported by: `http`, `mfa`, the command line.
"""
