"""Pages for the wallet's users: approve a challenge, set up an authenticator; and the frame, words and templates of all pages.

May import: `mfa`, `notifier`'s words, `cases`, `http`, `scoring`'s words.
Imported by: `centre`, `answers`, `api`, `bootstrap`.
"""
