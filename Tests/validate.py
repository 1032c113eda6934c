"""Validates JSON against a schema.

Usage: validate.py SCHEMA FILE lines|document

With `lines`, each line of FILE is a JSON text; with `document`, the whole file is one.
"""
import json
import sys

import jsonschema

schema_path, path, mode = sys.argv[1:]
with open(schema_path) as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
with open(path) as file:
    texts = file.readlines() if mode == "lines" else [file.read()]
failed = False
for number, text in enumerate(texts, 1):
    for error in list(validator.iter_errors(json.loads(text)))[:3]:
        failed = True
        print(f"{path}:{number}: {error.json_path}: {error.message[:300]}")
if not texts:
    sys.exit("nothing to validate")
sys.exit(failed)
