"""Whether a server matches itself: database, Synapse's files, images, and what lies in the backups' directory."""

import hashlib
import json
import os
import re
import tarfile

from case import CASE, UPPER
from outside import paths, seen

FILES = CASE + '/data/matrix/files'
BACKUPS = CASE + '/var/backups/matrix'


def hashed(text):
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def facts(engine, synapse, database):
    with engine.lock:
        state = engine.state
        containers = state['containers']
        tree = {path: seen(FILES + path) for path in sorted(paths(FILES))}
        rows = database.rows() if database.running else ''
        images = [f"{one['name']} runs {one['image_id']}, {one['image']} is {state['images'].get(one['image'])}"
                  for one in containers.values()
                  if one['project'] and state['images'].get(one['image']) != one['image_id']]
        stopped = [name for name in ('matrix-db-1', 'matrix-synapse-1', 'matrix-element-1', 'nginx-nginx-1') if not engine.runs(name)]
        return {
            'ailment': synapse.ailment(),
            'files': hashed(repr(tree)),
            'tree': [f'{path} {what}' for path, what in tree.items()],
            'rows': hashed(rows),
            'content': rows.split('\n'),
            'running': sorted(f"{one['name']} {one['image_id']}" for one in containers.values() if one['project']),
            'images': images,
            'names': state['images'],
            'stopped': stopped,
            **(media(database) if database.running else {'databases': [], 'missing': []}),
            'base': sorted(os.listdir(CASE + '/data/matrix')),
            'backups': sorted(os.listdir(BACKUPS)) if os.path.isdir(BACKUPS) else [],
            'bad': bad_backups(),
            'unfinished': os.path.exists(CASE + '/var/lib/gen-cloudinit/unfinished'),
            'lib': sorted(os.listdir(CASE + '/var/lib/gen-cloudinit')),
        }


# Files that only inform people, and the parts of an unfinished backup, which are removed together.
TOLD = re.compile(r'/var/lib/gen-cloudinit/(facts|state\.json|\.matrixctl-)|/run/matrix\.lock|/\.matrix-backup\.[^/]*/')


def mark(engine, database):
    """A short text for all that outlives a killed command: two that are equal stand for the same state."""
    files = []
    try:
        with open(CASE + '/var/lib/gen-cloudinit/unfinished', encoding='ascii') as file:
            unfinished = file.read()
    except OSError:
        unfinished = ''
    for top, folders, names in os.walk(UPPER):
        for name in folders + names:
            path = os.path.join(top, name)
            # The files that a restore prepares are removed together, until finish_restore puts them in place.
            if TOLD.search(path) or ('/data/matrix/restored/' in path and unfinished != 'finish_restore\n'):
                continue
            found = os.lstat(path)
            content = () if name in folders else (found.st_size, found.st_ino, found.st_mtime_ns)
            files.append((path, found.st_mode, found.st_uid, *content))
    return hashed(json.dumps([engine.state, files, database.mark()]))


def media(database):
    """The databases, and the rows of media without their file: Synapse answers 404 for them for good."""
    sql = """SELECT 'database', datname, '' FROM pg_database
        UNION ALL SELECT 'local', media_id, sha256 FROM local_media_repository WHERE url_cache IS NULL
        UNION ALL SELECT media_origin, filesystem_id, '' FROM remote_media_cache WHERE quarantined_by IS NULL ORDER BY 1, 2"""
    try:
        lines = [line.split('|') for line in database.query(sql).split('\n')]
    except RuntimeError as error:
        return {'databases': [], 'missing': [str(error)]}
    missing = []
    for origin, identity, digest in lines:
        place = {'database': '', 'local': 'local_content'}.get(origin, f'remote_content/{origin}')
        path = f'{FILES}/media_store/{place}/{identity[:2]}/{identity[2:4]}/{identity[4:]}'
        if place and not os.path.isfile(path):
            missing.append(f'{origin} {identity}')
        elif digest and digest != hashlib.sha256(open(path, 'rb').read()).hexdigest():
            missing.append(f'{origin} {identity}: another content')
    return {'databases': [identity for origin, identity, _ in lines if origin == 'database'], 'missing': missing}


def bad_backups():
    """Backups that a restore would refuse: each by its name and what is wrong."""
    found = []
    for name in sorted(os.listdir(BACKUPS)) if os.path.isdir(BACKUPS) else []:
        if name.startswith(('matrix-', 'before-restore-')) and name.endswith('.tar.gz'):
            why = fault(f'{BACKUPS}/{name}')
            if why:
                found.append(f'{name}: {why}')
    return found


def fault(path):
    try:
        with tarfile.open(path) as archive:
            there = {one.name.removeprefix('./'): archive.extractfile(one).read() for one in archive if one.isfile()}
    except (OSError, EOFError, tarfile.TarError) as error:
        return str(error)
    sums = there.pop('SHA256SUMS', b'').decode('utf8', 'surrogateescape')
    listed = {}
    for line in filter(None, sums.split('\n')):
        digest, name = line.split('  ', 1)
        if digest.startswith('\\'):
            digest, name = digest[1:], name.replace('\\n', '\n').replace('\\\\', '\\')
        listed[name] = digest
    wrong = [name for name, content in there.items() if listed.get(name) != hashlib.sha256(content).hexdigest()]
    wrong += [name for name in listed if name not in there]
    if 'database' not in there or not wrong and b'matrix.example.org' not in there.get('manifest.json', b''):
        return 'parts are missing'
    return ', '.join(wrong)
