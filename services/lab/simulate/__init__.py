"""Streams of events: people's days with attacks and honest surprises put in, each with the answer that would be right.

May import: `people`.
Imported by: `evaluate`, `demo` and `payguard simulate`.
"""
