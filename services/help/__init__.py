"""Help for the wallet's users: answers to what they ask, the search that finds them, and notices of the security team.

May import: `portal`, `cases`, `audit`, `http`, `platform`.
Imported by: `rights`, `api`, `bootstrap`, the command line.
"""
