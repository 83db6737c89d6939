"""`sms-exporter schema`: the JSON Schema of the configuration."""

import argparse
import json

from exporter.config.schema import json_schema


def run(_options: argparse.Namespace) -> int:
    """Print the schema."""
    print(json.dumps(json_schema(), indent=2))
    return 0
