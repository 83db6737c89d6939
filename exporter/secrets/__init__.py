"""Secrets and credentials: where they come from, and that they show nowhere."""
