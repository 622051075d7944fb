"""Two policies over the same events: the comparison, and its report in the terminal and as a page.

May import: `summarise` and the rooms of the offline pipeline.
Imported by: `payguard backtest`.
"""
