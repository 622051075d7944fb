"""Decisions counted and put into words: what `payguard replay` and the live page tell.

May import: `people` and the rooms of the offline pipeline.
Imported by: `backtest`, `demo` and `payguard replay`.
"""
