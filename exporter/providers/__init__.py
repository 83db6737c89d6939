"""Providers as data: the models of a definition, the engine that reads answers by it, the catalogue."""

__all__ = [
    "blocks",
    "catalogue",
    "compose",
    "definition",
    "errors",
    "extract",
    "forms",
    "kinds",
    "request",
    "sessions",
    "template",
    "texts",
]
