"""Secrets and credentials: where they come from, and that they show nowhere."""

__all__ = ["credential", "redaction", "secret"]
