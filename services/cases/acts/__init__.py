"""What somebody of support does about a case: one entry an act, shown before, undone for half a minute, done once."""
