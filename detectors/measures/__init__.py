"""Arithmetic that several detectors share: pure functions of numbers and counts."""
