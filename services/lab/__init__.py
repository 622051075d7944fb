"""Measuring and playing: simulated people, evaluation, backtests, training, the demo. Production never imports it.

May import: everything but `cli`.
Imported by: benchmarks and the command line.
"""
