"""The figures of one run: typed, as JSON, and as tables.

May import: `sections`, `instruments`.
Imported by: `bench` and `payguard bench`.
"""
