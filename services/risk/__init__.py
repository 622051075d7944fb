"""Findings to one number: the fusion of detectors, and a trained model with the features it reads.

May import: `memory` and detectors.
Imported by: `policy`, `scoring`.
"""
