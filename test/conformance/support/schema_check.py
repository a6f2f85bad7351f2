"""Runs `cloud-init schema -c` on /root/documents/N.yaml, a fork for each, without paying for the imports again."""

import json
import os
import sys
import tempfile

from cloudinit.cmd.main import main

verdicts = []
for number in range(int(sys.argv[1])):
    with tempfile.TemporaryFile("w+") as said:
        child = os.fork()
        if child == 0:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            try:
                code = main(["cloud-init", "schema", "-c", f"/root/documents/{number}.yaml"])
            except SystemExit as end:
                if isinstance(end.code, str):
                    print(end.code)
                code = end.code if isinstance(end.code, (int, type(None))) else 1
            sys.stdout.flush()
            os._exit(int(code or 0))
        _, status = os.waitpid(child, 0)
        said.seek(0)
        verdicts.append({"code": os.waitstatus_to_exitcode(status), "said": said.read()})
print(json.dumps(verdicts))
