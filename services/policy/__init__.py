"""The number to an action: the policy file, its keys, thresholds, costs and snoozes.

May import: `risk` and detectors.
Imported by: `scoring`, `stream`, the command line.
"""
