#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""check_schema.py SCHEMA DOCUMENT…: validates YAML or JSON documents."""

import json
import sys

import jsonschema
import yaml


def main(schema_path, *documents):
    with open(schema_path, encoding="utf-8") as file:
        schema = json.load(file)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    bad = 0
    for path in documents:
        with open(path, encoding="utf-8") as file:
            document = yaml.safe_load(file)
        for error in validator.iter_errors(document):
            print(f"{path}: {error.json_path}: {error.message}")
            bad += 1
    return 1 if bad or not documents else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
