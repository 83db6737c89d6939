"""`sms-exporter schema`: the JSON Schema of the configuration, or of a definition."""

import argparse
import json

from exporter.config.schema import json_schema
from exporter.documents import schema
from exporter.providers.definition import Definition


def run(options: argparse.Namespace) -> int:
    """Print the schema."""
    made = schema.json_schema(Definition, "provider.yml") if options.of == "provider" else json_schema()
    print(json.dumps(made, indent=2, ensure_ascii=False))
    return 0
