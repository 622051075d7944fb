"""The sections of `payguard bench`, one module each, with the figures that each answers.

May import: `workloads`, `instruments`, `parts` and the rooms of services.
Imported by: `report` and `bench`.
"""
