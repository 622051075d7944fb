"""Builds real things out of settings: every process of production, and the offline pipeline.

May import: everything below it.
Imported by: `operations`, `lab`, the command line.
"""
