"""Reads YAML as cloud-init does (PyYAML's safe_load): one JSON text per line in, one answer per line out.

Every value comes back as [type, value], so that 1, "1", true and a date stay apart.
"""

import json
import sys

import yaml


def told(value):
    if isinstance(value, dict):
        return ["map", [[told(key), told(item)] for key, item in value.items()]]
    if isinstance(value, list):
        return ["list", [told(item) for item in value]]
    if value is None or isinstance(value, (bool, int, float, str)):
        return [type(value).__name__, value]
    return [type(value).__name__, repr(value)]


for line in sys.stdin:
    try:
        answer = {"value": told(yaml.safe_load(json.loads(line)))}
    except (yaml.YAMLError, ValueError) as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)
