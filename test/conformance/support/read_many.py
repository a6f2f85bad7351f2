"""Reads many texts as cloud-init does (PyYAML's safe_load): a JSON list of texts in, a JSON list of answers out.

An answer is {"value": ...} with a type beside every value, or {"lines": [...]} with the lines, counted from 1,
that the error names.
"""

import json
import sys

import yaml

TYPES = {"date": "timestamp", "datetime": "timestamp", "bytes": "binary", "NoneType": "null"}


def told(value, depth=0):
    if depth > 60:
        return ["deep", ""]
    if isinstance(value, dict):
        pairs = [[told(key, depth + 1), told(item, depth + 1)] for key, item in value.items()]
        return ["map", sorted(pairs, key=json.dumps)]
    if isinstance(value, list):
        return ["list", [told(item, depth + 1) for item in value]]
    name = type(value).__name__
    if isinstance(value, (bool, str)) or value is None:
        return [TYPES.get(name, name), value]
    if isinstance(value, (int, float)):
        return [name, repr(value)]
    if isinstance(value, bytes):
        return ["binary", list(value)]
    return [TYPES.get(name, name), ""]


def answer(text):
    try:
        value = yaml.safe_load(text)
    except Exception as error:
        marks = [getattr(error, name, None) for name in ("context_mark", "problem_mark")]
        return {"lines": [mark.line + 1 for mark in marks if mark], "error": str(error)[:300]}
    return {"value": told(value)}


json.dump([answer(text) for text in json.load(sys.stdin)], sys.stdout)
