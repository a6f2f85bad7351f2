"""Takes user data apart with cloud-init's own code: a JSON list of documents in, a JSON list of answers out.

The first argument is the folder that holds the package cloudinit. An answer has the parts that cloud-init hands to its
handlers, [content type, file name, payload] of each, and the merged cloud-config.
"""

import json
import logging
import os
import sys
import tempfile

sys.path.insert(0, sys.argv[1])
logging.disable(logging.CRITICAL)

from cloudinit import handlers, user_data  # noqa: E402
from cloudinit.handlers.cloud_config import CloudConfigPartHandler  # noqa: E402


class Paths:
    def __init__(self, folder):
        self.folder = folder

    def get_ipath(self, name=None):
        return os.path.join(self.folder, name or "x")

    get_ipath_cur = get_cpath = get_runpath = get_ipath


def answer(document, paths):
    processor = user_data.UserDataProcessor.__new__(user_data.UserDataProcessor)
    processor.paths = paths
    processor.ssl_details = {}
    try:
        message = processor.process(document)
    except Exception as error:
        return {"crash": repr(error)}
    parts = []
    handler = CloudConfigPartHandler(paths)
    handler.handle_part(None, handlers.CONTENT_START, None, None, None, None)

    def take(_data, name, payload, headers):
        kind = headers["Content-Type"]
        parts.append([kind, name, payload if isinstance(payload, str) else None])
        if kind == "text/cloud-config":
            handler.handle_part(None, kind, name, payload, None, headers)

    handlers.walk(message, take, None)
    return {"parts": parts, "config": handler.cloud_buf}


with tempfile.TemporaryDirectory() as folder:
    paths = Paths(folder)
    documents = [document.encode("utf-8") for document in json.load(sys.stdin)]
    json.dump([answer(document, paths) for document in documents], sys.stdout, default=str)
