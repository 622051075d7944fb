"""What `payguard bench` runs."""
