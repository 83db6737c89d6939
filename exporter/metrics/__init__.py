"""From what is known of the accounts to metrics, and from metrics to text."""

__all__ = ["exposition", "families"]
