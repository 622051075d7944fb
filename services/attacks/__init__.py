"""A wave of attempts on many accounts as one thing: recognised from activity, kept as rows, told to the security team.

May import: `cases`, `activity`, `wallet`, `http`, `audit`, `platform` and what lies below them.
Imported by: `notifier`, `desk`, `rights`, `api`, `bootstrap`, the command line.
"""
