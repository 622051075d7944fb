"""How well decisions rank labelled fraud, and how often owners are asked: measures, folds of days, the login table.

May import: `simulate`, `people` and the rooms of the offline pipeline.
Imported by: `train`, `payguard evaluate` and `payguard lab logins`.
"""
