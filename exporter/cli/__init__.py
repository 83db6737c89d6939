"""The command line: commands and flags."""

__all__ = ["main"]
