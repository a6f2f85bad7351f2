"""What a server looks like from outside its deployment: what must not have changed, and what must not be found."""

import gzip
import hashlib
import os
import stat

from case import CASE, SNAPSHOTS, UPPER

CANARY = b'canary-of-the-shadow-file'
# Files that the deployment writes on purpose.
OWN = ('/data/matrix', '/data/nginx', '/root/nginx', '/var/lib/gen-cloudinit', '/var/backups/matrix', '/root/matrix-admin-password',
       '/root/matrix-password-', '/run', '/tmp', '/var/tmp', '/var/log', '/etc/systemd/system/matrix.', '/etc/docker',
       '/var/lib/cloud', '/bench', '/proc', '/dev', '/usr/share/element-web')
# Directories in which no file may belong to Synapse's user.
ROOTS = ('/usr/local', '/root', '/etc', '/var/backups', '/var/lib/gen-cloudinit', '/data/nginx')


def seen(path):
    """Kind, owner, mode and content of a path, as one text; empty where there is nothing."""
    try:
        found = os.lstat(path)
    except OSError:
        return ''
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
        return ''
    text = f'{stat.filemode(found.st_mode)} {found.st_uid}:{found.st_gid}'
    if stat.S_ISREG(found.st_mode):
        with open(path, 'rb') as file:
            text += ' ' + hashlib.sha256(file.read()).hexdigest()[:16]
    elif stat.S_ISLNK(found.st_mode):
        text += ' ' + os.readlink(path)
    return text


def paths(top):
    for directory, folders, names in os.walk(top):
        for name in folders + names:
            yield os.path.join(directory, name).removeprefix(top)


def changes(lower, snapshot):
    """What differs from a snapshot outside the deployment: a line each."""
    before = f'{SNAPSHOTS}/{snapshot}'
    found = []
    for path in sorted({*paths(UPPER), *paths(before)}):
        if path.startswith(OWN):
            continue
        was = seen(before + path) if os.path.lexists(before + path) else seen(lower + path)
        now = seen(CASE + path)
        if was != now:
            found.append(f"{path}: {was or 'nothing'} became {now or 'nothing'}")
    return found


def owned():
    """What belongs to Synapse's user where nothing may, and everything of the base directory's that should be root's."""
    found = [top + path for top in ROOTS for path in paths(CASE + top) if of_synapse(CASE + top + path)]
    base = CASE + '/data/matrix'
    for name in os.listdir(base):
        if name != 'files' and name != 'restored' and of_synapse(f'{base}/{name}'):
            found.append(f'/data/matrix/{name}')
    return found


def of_synapse(path):
    try:
        return os.lstat(path).st_uid == 991
    except OSError:
        return False


def leaks():
    """Where the content of /etc/shadow can be found: by Synapse, or in a backup."""
    found = []
    for top in ('/data/matrix', '/var/backups', '/root/work', '/data/nginx', '/var/lib/gen-cloudinit'):
        for path in paths(CASE + top):
            full = CASE + top + path
            if not stat.S_ISREG(os.lstat(full).st_mode):
                continue
            with open(full, 'rb') as file:
                content = file.read()
            if content[:2] == b'\x1f\x8b':
                try:
                    content = gzip.decompress(content)
                except (OSError, EOFError):
                    content = b''
            if CANARY in content:
                found.append(top + path)
    return found
