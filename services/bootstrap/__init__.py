"""The only place that builds real things out of settings."""
