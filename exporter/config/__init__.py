"""The configuration file: its form (`models`), what it comes to (`loading`), and what is wrong with it (`faults`)."""

__all__ = ["loading", "own_providers", "scalars", "schema", "watch"]
