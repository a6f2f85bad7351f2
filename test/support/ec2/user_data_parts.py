# The parts that cloud-init finds in user data from EC2: reads a JSON list of base64 texts, prints for each the list of its parts,
# [content type, base64 of the content]. The steps are those of DataSourceEc2 and of stages.Init;
# releases before 23.3 do not undo base64 there.
import base64
import json
import sys

from cloudinit import util
from cloudinit.user_data import UserDataProcessor


class Paths:
    def get_ipath_cur(self, name=None):
        return "/nonexistent"

    def get_cpath(self, name=None):
        return "/nonexistent"

    def get_ipath(self, name=None):
        return "/nonexistent"

    cfgs = {}


def parts(raw):
    undo_base64 = getattr(util, "maybe_b64decode", bytes)
    message = UserDataProcessor(Paths()).process(undo_base64(raw))
    for part in message.walk():
        if part.get_content_maintype() == "multipart":
            continue
        content = util.fully_decoded_payload(part)
        if isinstance(content, str):
            content = content.encode("utf-8", "surrogateescape")
        yield [part.get_content_type(), base64.b64encode(content).decode()]


json.dump([list(parts(base64.b64decode(one))) for one in json.load(sys.stdin)], sys.stdout)
