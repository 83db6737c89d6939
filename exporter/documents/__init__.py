"""From YAML to models, or to faults with file, line, path and the word that was meant."""

__all__ = ["faults", "model", "reader", "report", "scalars", "schema", "validate"]
