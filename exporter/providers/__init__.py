"""Providers as data: the schema of a definition, the engine that reads answers by it, the catalogue."""

__all__ = ["catalogue", "definition", "extract", "forms", "kinds", "schema", "template"]
