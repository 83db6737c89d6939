"""`sms-exporter schema`: the JSON Schema of the configuration, or of a definition."""

import argparse
import json

from exporter.config.schema import json_schema
from exporter.providers.schema import definition_schema


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    schema = definition_schema() if options.of == "provider" else json_schema()
    print(json.dumps(schema, indent=2, ensure_ascii=False))
    return 0
