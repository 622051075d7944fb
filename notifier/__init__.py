"""Tells the owner of an account, once, what happened to it."""
