"""What measures and shows progress: processor time, time stolen from this machine, percentiles, spreads of runs.

May import: `parts`, to name what was measured.
Imported by: `workloads`, `sections`, `report`.
"""
