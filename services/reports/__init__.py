"""What owners report: problems, their cases with files, and whether a message is ours.

May import: `portal`, `centre`, `mfa`, `cases`, `activity`, `http`.
Imported by: `rights`, `api`.
"""
