"""A gradient-boosted model fitted on replayed features, calibrated, and written as a model file.

May import: `evaluate` and the rooms of the offline pipeline.
Imported by: `payguard lab train`.
"""
