"""One look at the accounts for a person or a monitoring system: what is wrong, and how bad it is."""

__all__ = ["command", "health", "words"]
