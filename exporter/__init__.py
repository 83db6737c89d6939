"""Prometheus exporter for the credit, subscription and contact quota of messaging accounts."""

__version__ = "0.1.0"
