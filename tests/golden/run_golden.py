#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs every case of cases.yaml on one recorded host and compares what the
program says with tests/golden/HOST/CASE.txt, word for word.

A golden file reads as a terminal would: the command, its output, what went to
standard error marked "[stderr]", and the exit code. Documents (-o json, jsonl,
yaml) are also validated against the schema of their kind: GpuList against
schemas/gpu-list.schema.json, and so is Gpu, a line of it.

    UPDATE_GOLDEN=1 run_golden.py …    writes the files instead of comparing
"""

import argparse
import difflib
import json
import os
import re
import subprocess
import sys

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
FORMATS = ("json", "jsonl", "yaml")
TIMEOUT_SECONDS = 60


def load_cases(path, host):
    with open(path) as file:
        table = yaml.safe_load(file)
    cases = dict(table["everywhere"])
    for name, command in table.get("hosts", {}).get(host, {}).items():
        if name in cases:
            raise SystemExit(f"{path}: {host}: {name} is there already")
        cases[name] = command
    return cases


def unknown_hosts(path, hosts):
    with open(path) as file:
        table = yaml.safe_load(file)
    return [h for h in table.get("hosts", {}) if h not in hosts]


def run(program, tree, command):
    """The same whatever the caller's terminal, language and settings are."""
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TERM": "dumb",
                   "HOME": "/nonexistent"}
    # A sanitizer's options must get through to say where its report goes.
    environment.update((name, value) for name, value in os.environ.items()
                       if name.endswith("SAN_OPTIONS"))
    verb, *rest = command.split()
    # Files are named from here, as ../data/….
    return subprocess.run([program, "--root", tree, verb, *rest], cwd=HERE,
                          env=environment, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, errors="replace",
                          timeout=TIMEOUT_SECONDS)


def transcript(command, result, tree):
    def tidy(text):
        # The tree lies elsewhere on every machine, and a page names us.
        text = re.sub(r'content="nvgpuctl [\w.-]+"', 'content="nvgpuctl <version>"', text)
        return text.replace(tree, "<root>")

    text = f"$ nvgpuctl {command}\n" + tidy(result.stdout)
    if not text.endswith("\n"):
        text += "\n[no newline at the end]\n"
    for line in tidy(result.stderr).splitlines():
        text += f"[stderr] {line}\n"
    return text + f"[exit {result.returncode}]\n"


# Documents against schemas.

def format_of(command):
    words = command.split()
    for before, word in zip(words, words[1:]):
        if before in ("-o", "--output") and word in FORMATS:
            return word
    return None


def documents(form, text):
    if form == "json":
        return [json.loads(text)]
    if form == "jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return list(yaml.safe_load_all(text))


def schema_of(schemas, kind):
    """A path, which need not exist."""
    name = re.sub(r"(?<!^)(?=[A-Z])", "-", str(kind)).lower()
    path = os.path.join(schemas, f"{name}.schema.json")
    as_line = os.path.join(schemas, f"{name}-list.schema.json")
    return as_line if os.path.exists(as_line) else path


def validate(schemas, document):
    """What is wrong with a document; nothing when it is as promised."""
    import jsonschema  # here, because it takes longer to load than a case runs
    if not isinstance(document, dict) or "kind" not in document:
        return "a document without a kind"
    path = schema_of(schemas, document["kind"])
    if not os.path.exists(path):
        return f"{document['kind']}: no schema {os.path.basename(path)}"
    with open(path) as file:
        schema = json.load(file)
    resolver = jsonschema.RefResolver(f"file://{schemas}/", schema)
    validator = jsonschema.validators.validator_for(
        schema, default=jsonschema.Draft202012Validator)
    errors = validator(schema, resolver=resolver).iter_errors(document)
    worst = jsonschema.exceptions.best_match(errors)
    if worst is None:
        return None
    place = "/".join(str(part) for part in worst.absolute_path)
    return f"{document['kind']}: {place or 'document'}: {worst.message}"


def check_document(schemas, command, result):
    """Errors go to standard error, so no output is no document."""
    form = format_of(command)
    if form is None or (not result.stdout and result.returncode != 0):
        return []
    try:
        found = documents(form, result.stdout)
    except (ValueError, yaml.YAMLError) as error:
        return [f"not {form}: {error}"]
    return [problem for document in found
            if (problem := validate(schemas, document))]


# Files.

def compare(path, text):
    try:
        with open(path) as file:
            golden = file.read()
    except FileNotFoundError:
        return [f"{path} is missing; UPDATE_GOLDEN=1 writes it"]
    if golden == text:
        return []
    return ["".join(difflib.unified_diff(
        golden.splitlines(True), text.splitlines(True), path, "this run"))]


def update(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)
    return []


def stale_files(directory, cases, remove):
    problems = []
    wanted = {f"{name}.txt" for name in cases}
    names = os.listdir(directory) if os.path.isdir(directory) else []
    for name in sorted(set(names) - wanted):
        if remove:
            os.unlink(os.path.join(directory, name))
        else:
            problems.append(f"{directory}/{name} belongs to no case")
    return problems


def check_host(arguments, host):
    """case → problems."""
    updating = os.environ.get("UPDATE_GOLDEN") == "1"
    tree = os.path.realpath(os.path.join(arguments.hosts, host))
    if not os.path.exists(os.path.join(tree, "nvgpuctl-capture.yaml")):
        return {"host": [f"{tree} is no recorded host"]}
    cases = load_cases(arguments.cases, host)
    directory = os.path.join(arguments.golden, host)
    problems = {"files": stale_files(directory, cases, updating)}
    for name, command in cases.items():
        try:
            result = run(arguments.program, tree, command)
        except subprocess.TimeoutExpired:
            problems[name] = [f"still running after {TIMEOUT_SECONDS} s"]
            continue
        found = check_document(arguments.schemas, command, result)
        if result.returncode < 0:  # never a golden truth
            found.append(f"ended by signal {-result.returncode}: "
                         f"{result.stderr}")
        else:
            keep = update if updating else compare
            found += keep(os.path.join(directory, f"{name}.txt"),
                          transcript(command, result, tree))
        problems[name] = found
    return problems


def check_leftovers(arguments):
    """Golden folders and cases of hosts that are no more."""
    hosts = os.listdir(arguments.hosts)
    folders = [f.name for f in os.scandir(arguments.golden) if f.is_dir()]
    return {"hosts": [f"{name} is no recorded host" for name in sorted(
        {f for f in folders if f not in hosts and f != "__pycache__"}
        | set(unknown_hosts(arguments.cases, hosts)))]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("host", help="a recorded host; 'leftovers': what no "
                        "recorded host needs")
    parser.add_argument("--program", default="build/nvgpuctl")
    parser.add_argument("--hosts", default="build/hosts")
    parser.add_argument("--golden", default=HERE)
    parser.add_argument("--cases", default=os.path.join(HERE, "cases.yaml"))
    parser.add_argument("--schemas", default=os.path.abspath(
        os.path.join(HERE, "..", "..", "schemas")))
    arguments = parser.parse_args()
    arguments.program = os.path.abspath(arguments.program)
    arguments.hosts = os.path.abspath(arguments.hosts)
    if arguments.host == "leftovers":
        problems = check_leftovers(arguments)
    else:
        problems = check_host(arguments, arguments.host)
    for name, found in problems.items():
        for problem in found:
            print(f"FAIL {arguments.host}: {name}: {problem}")
    sys.exit(1 if any(problems.values()) else 0)


if __name__ == "__main__":
    main()
