"""The stand-in for Synapse: healthy only where database, files, secrets and image match each other."""

import hashlib
import os
import stat

SCHEMA = os.path.join(os.path.dirname(__file__), 'schema.sql')


class Synapse:
    def __init__(self, database, root):
        self.database, self.root = database, root
        self.engine = None
        self.directory = None
        self.nature = {}
        # The number of health requests after a start until one gets 200.
        self.slow = 0

    def start(self, container, nature):
        """Keeps the directory itself open, as a bind mount does: it stays the container's when it is renamed."""
        self.stop()
        place = self.root() + container['directory'] + '/files'
        os.makedirs(place, exist_ok=True)
        self.directory = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.nature = nature

    def stop(self):
        if self.directory is not None:
            os.close(self.directory)
        self.directory = None

    def read(self, name):
        """A file of the directory as text; links lead out of the container and so to nothing."""
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=self.directory)
        with os.fdopen(file, 'rb') as opened:
            if not stat.S_ISREG(os.fstat(file).st_mode):
                raise OSError(f'{name} is not a file')
            return opened.read(1 << 20).decode('utf8', 'replace')

    def ailment(self):
        """Why it is not healthy; empty where it is."""
        if self.directory is None:
            return 'Synapse does not run'
        if self.slow > 0:
            self.slow -= 1
            return 'Synapse starts'
        try:
            name = self.read('homeserver.yaml').split('server_name: ')[1].split('\n')[0].strip('"\'')
            key = hashlib.sha256(self.read(f'{name}.signing.key').encode()).hexdigest()
            given = self.read('pgpass').strip()
        except (OSError, IndexError) as error:
            return f'files of Synapse: {error}'
        volume = self.engine.state['volumes'].get('matrix_postgres-data')
        if not volume or not self.database.running:
            return 'the database does not run'
        if given != f"db:5432:synapse:synapse:{volume['password']}":
            return 'pgpass has another password than the database'
        try:
            marker, compat = self.look(key)
        except (RuntimeError, ValueError) as error:
            return f'the database: {error}'
        if int(compat) > self.nature.get('schema', 94):
            return f'the database needs Synapse {compat}'
        if marker != key:
            return 'the database is of another server than the signing key'
        return '' if self.nature.get('healthy', True) else 'the image is broken'

    def look(self, key):
        """The database's marker and version, as this image leaves them: it makes the tables where there are none, and
        brings those that are there to its own version."""
        version = self.nature.get('schema', 94)
        sql = 'SELECT marker, compat_version FROM bench_generation, schema_compat_version;'
        if 'migrates' in self.nature:
            sql = f'UPDATE schema_compat_version SET compat_version = {version} WHERE compat_version < {version};{sql}'
        if self.nature.get('spoils'):
            sql = f'DELETE FROM rooms;{sql}'
        try:
            return self.database.query(sql).split('|')
        except RuntimeError as error:
            if 'does not exist' not in str(error) or self.database.query("SELECT to_regclass('users') IS NULL") != 't':
                raise
        with open(SCHEMA, encoding='utf8') as file:
            self.database.query(f"BEGIN;\n{file.read()}INSERT INTO bench_generation VALUES ('{key}');"
                                f'INSERT INTO schema_version VALUES (DEFAULT, {version}, false);'
                                f'INSERT INTO schema_compat_version VALUES (DEFAULT, {version}); COMMIT;')
        return key, str(version)

    def fill(self, tag):
        """A life: a user, a room, an upload, an image of another server and the preview of a page."""
        self.database.query(f"""INSERT INTO users (name) VALUES ('@{tag}:matrix.example.org');
            INSERT INTO rooms VALUES ('!{tag}:matrix.example.org', false, '@{tag}:matrix.example.org', '12', true);
            INSERT INTO e2e_one_time_keys_json VALUES ('@{tag}:matrix.example.org', 'D', 'a', 'k', 1, '{{}}');
            INSERT INTO remote_media_cache (media_origin, media_id, filesystem_id) VALUES ('remote.example', '{tag}', 'aabb{tag}');
            INSERT INTO remote_media_cache_thumbnails (media_origin, media_id, filesystem_id) VALUES ('remote.example', '{tag}', 'aabb{tag}');
            INSERT INTO local_media_repository (media_id, url_cache) VALUES ('2026-11-27{tag}', 'https://page.example');
            INSERT INTO local_media_repository_url_cache (url, media_id) VALUES ('https://page.example', '2026-11-27{tag}')""")
        for name in ('cccc', tag):
            content = f'an image of {tag}: {name}\n' * 2000
            mark = hashlib.sha256(content.encode()).hexdigest()
            self.database.query(f"INSERT INTO local_media_repository (media_id, sha256) VALUES ('aabb{name}', '{mark}')")
            self.put(f'media_store/local_content/aa/bb/{name}', content)
        self.put(f'media_store/remote_content/remote.example/aa/bb/{tag}', 'of another server')
        self.put(f'media_store/url_cache/2026-11-27/{tag}', 'of a page')

    def put(self, path, content):
        top = self.root() + '/data/matrix/files'
        for part in path.split('/')[:-1]:
            top += '/' + part
            if not os.path.isdir(top):
                os.mkdir(top, 0o755)
                os.chown(top, 991, 991)
        top += '/' + path.rsplit('/', 1)[1]
        with open(top, 'w', encoding='utf8') as file:
            file.write(content)
        os.chown(top, 991, 991)

    def program(self, words):
        """What a program in the container prints, in the form of Engine.call."""
        if words[0] == 'python3':
            return ['exit', '0', '127.0.0.1\n', '']
        if words[0] == 'curl':
            return ['exit', '0' if not self.ailment() else '22', '', '']
        if self.ailment():
            return ['exit', '1', '', 'Synapse does not answer\n']
        name = words[words.index('-u') + 1]
        domain = self.read('homeserver.yaml').split('server_name: ')[1].split('\n')[0].strip('"\'')
        admin = 1 if '--admin' in words or '-a' in words else 0
        self.database.query(f"INSERT INTO users (name, admin, creation_ts) VALUES ('@{name}:{domain}', {admin}, 1700000000)")
        return ['exit', '0', 'Success!\n', '']
