"""Prometheus exporter for the credit, subscription status and contact quota of SMS, RCS and WhatsApp accounts."""

__version__ = "0.1.0"
