"""Alerts, support cases and what follows from them, in SQL; the public face is what other packages may import."""
