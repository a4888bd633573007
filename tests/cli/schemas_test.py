#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""schemas_test.py PRINT_SAMPLES SCHEMAS: every kind of document follows its schema, as JSON and as YAML."""
import json
import pathlib
import re
import subprocess
import sys

import jsonschema
import yaml


def schema_of(kind, folder):
    """The schema of a kind; that of "Gpu" is the one of "GpuList"."""
    name = re.sub(r"(?<!^)([A-Z])", r"-\1", kind).lower()
    for candidate in (name, name + "-list"):
        path = folder / f"{candidate}.schema.json"
        if path.exists():
            return json.loads(path.read_text(encoding="utf-8"))
    sys.exit(f"no schema for {kind}")


def run(program, *arguments):
    return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout


def problems_of(documents, folder):
    for document in documents:
        validator = jsonschema.Draft202012Validator(schema_of(document["kind"], folder))
        for error in validator.iter_errors(document):
            yield f"{document['kind']}: {error.json_path}: {error.message}"


def as_json(document):
    """What the schema would see if YAML's types had gone through JSON."""
    return json.loads(json.dumps(document))


def main(program, folder):
    folder = pathlib.Path(folder)
    lines = [json.loads(line) for line in run(program, "jsonl").splitlines()]
    lists = [as_json(document) for document in yaml.safe_load_all(run(program, "yaml"))]
    problems = list(problems_of(lines + lists, folder))

    # The same values, whichever way they are spelled.
    items = [item for document in lists for item in document.get("items", [document])]
    plain = [{k: v for k, v in line.items() if k not in ("apiVersion", "kind")} for line in lines]
    spelled = [{k: v for k, v in item.items() if k not in ("apiVersion", "kind")} for item in items]
    if plain != spelled:
        problems.append("YAML and JSON lines differ")

    # No schema without a document that was held against it.
    kinds = {document["kind"] for document in lists}
    titles = {json.loads(path.read_text(encoding="utf-8")).get("title") for path in folder.glob("*.schema.json")}
    problems += [f"{title}: no document was checked" for title in titles - kinds if title.isalpha()]
    problems += [f"{kind}: has no schema" for kind in kinds - titles]

    print("\n".join(problems) or f"{len(lines)} lines and {len(lists)} documents follow their schemas")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
