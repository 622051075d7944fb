"""Pages for the wallet's users: approve a challenge, set up an authenticator.

May import: `mfa`, `cases`, `http`, `scoring`'s words.
Imported by: `api`.
"""
