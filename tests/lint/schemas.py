#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Our JSON schemas are valid schemas, and strict about what they describe."""
import json
import sys

import jsonschema

from files import matching, read


def problems_of(path, text):
    try:
        schema = json.loads(text)
    except ValueError as error:
        yield f"{path}: not JSON: {error}"
        return
    if "$schema" not in schema:
        yield f"{path}: does not say which draft it is written in ($schema)"
        return
    try:
        jsonschema.validators.validator_for(schema).check_schema(schema)
    except jsonschema.SchemaError as error:
        yield f"{path}: {error.message} at /{'/'.join(map(str, error.path))}"


def main():
    names = [name for name in matching(["*.schema.json"]) if name.startswith("schemas/")]
    problems = [problem for name in names for problem in problems_of(name, read(name))]
    print("\n".join(problems) or f"schemas: {len(names)} are valid")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
