"""The owner's security centre: what stands about their account, and what they can do.

May import: `portal`, `mfa`, `notifier`'s words, `cases`, `activity`, `http`.
Imported by: `api`.
"""
