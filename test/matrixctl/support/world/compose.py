"""Docker Compose, as far as the scripts go, on the table of the stand-in (engine.py)."""

import hashlib
import json
import os

import yaml
from words import BOOKWORM, Refused, Unsupported, options

VALUES = ('--timeout', '-t')


class Compose:
    def __init__(self, engine):
        self.engine = engine

    def call(self, words):
        if words[0] == 'version':
            return 'Docker Compose version v5.0.0\n'
        found, rest = options(words, '', ('-f', '--file', '-p', '--project-name', '--progress', '--env-file'))
        self.file = (found.get('-f') or found['--file'])[0]
        path = self.engine.root() + self.file
        if not os.path.isfile(path):
            raise Refused(f'open {self.file}: no such file or directory')
        with open(path, encoding='utf8') as file:
            self.content = yaml.safe_load(file)
        self.project, self.services = self.content['name'], self.content['services']
        method = getattr(self, 'do_' + rest[0], None)
        if method is None:
            raise Unsupported(f'compose {rest[0]}')
        return method(rest[1:])

    # --- the project's containers

    def named(self, service):
        return f'{self.project}-{service}-1'

    def there(self, names=()):
        table = self.engine.state['containers']
        return [table[self.named(name)] for name in names or self.services if self.named(name) in table]

    def known(self, names):
        for name in names:
            if name not in self.services:
                self.refuse(f'no such service: {name}')
        return names

    def refuse(self, text):
        raise Refused(text)

    def ordered(self, names, alone=False):
        """Services with those that they depend on, these first."""
        found = []

        def add(name):
            if not alone:
                for other in self.services[name].get('depends_on', {}):
                    add(other)
            if name not in found:
                found.append(name)

        for name in self.known(names) or self.services:
            add(name)
        return found

    def volumes(self, service):
        """Makes the volumes of a service; a new one of the database is filled by its image's entrypoint."""
        for name in self.content.get('volumes') or {}:
            if not any(str(entry).startswith(f'{name}:') for entry in self.services[service].get('volumes', [])):
                continue
            full = f'{self.project}_{name}'
            if full in self.engine.state['volumes']:
                continue
            password = ''
            if service == 'db':
                password = self.services['db']['environment'].get('POSTGRES_PASSWORD')
                if password is None:
                    secret = os.path.join(os.path.dirname(self.file), self.content['secrets']['db_password']['file'])
                    try:
                        with open(self.engine.root() + secret, encoding='utf8') as file:
                            password = file.read().strip()
                    except OSError:
                        self.refuse('the secret of the database is missing')
                    if not password:
                        self.refuse('the password of the database is empty')
                self.engine.database.make()
            self.engine.state['volumes'][full] = {'password': password}

    def make(self, service):
        """A container as the compose file has it, started; it stays where nothing has changed."""
        engine, name = self.engine, self.named(service)
        image = self.services[service]['image']
        if image not in engine.state['images']:
            engine.pull(image)
        wanted = engine.state['images'][image]
        mark = hashlib.sha256(json.dumps(self.services[service], sort_keys=True, default=str).encode()).hexdigest()
        container = engine.state['containers'].get(name)
        if container and (container['image_id'] != wanted or container['hash'] != mark):
            engine.stop(container)
            container = None
        if not container:
            engine.state['made'] += 1
            identity = hashlib.sha256(f"{name} {engine.state['made']}".encode()).hexdigest()
            container = {'id': identity, 'name': name, 'project': self.project, 'service': service, 'image': image,
                         'image_id': wanted, 'status': 'created', 'hash': mark, 'directory': os.path.dirname(self.file)}
            self.volumes(service)
            engine.state['containers'][name] = container
        if container['status'] != 'running':
            engine.start(container)
        return container

    # --- the calls

    def do_up(self, rest):
        found, names = options(rest, '-d --wait --no-deps --force-recreate --no-recreate --remove-orphans --quiet-pull -y',
                               ('--wait-timeout', '--pull', *VALUES), stop=False)
        wanted = self.ordered(names, '--no-deps' in found)
        for name in wanted:
            for other, condition in (self.services[name].get('depends_on') or {}).items():
                if '--no-deps' in found or condition.get('condition') != 'service_healthy':
                    continue
                there = self.there([other])
                if not there or self.engine.health(there[0]) != 'healthy':
                    self.refuse(f'dependency failed to start: container {self.named(other)} is unhealthy')
            self.make(name)
        if '--wait' in found:
            for container in self.there(wanted):
                if self.engine.health(container) != 'healthy':
                    self.refuse(f"container {container['name']} is unhealthy")

    def do_stop(self, rest):
        _, names = options(rest, '', VALUES, stop=False)
        for container in self.there(self.known(names)):
            self.engine.stop(container)

    def do_start(self, rest):
        _, names = options(rest, '--wait', ('--wait-timeout',), stop=False)
        there = self.there(self.known(names))
        if not there:
            self.refuse('service has no container to start')
        for container in there:
            self.engine.start(container)

    def do_restart(self, rest):
        _, names = options(rest, '--no-deps', VALUES, stop=False)
        for container in self.there(self.known(names)):
            self.engine.stop(container)
            self.engine.start(container)

    def do_rm(self, rest):
        found, names = options(rest, '-s -f -v --stop --force', stop=False)
        for container in self.there(self.known(names)):
            if container['status'] == 'running' and not ('-s' in found or '--stop' in found):
                continue
            self.engine.stop(container)
            del self.engine.state['containers'][container['name']]

    def do_down(self, rest):
        found, names = options(rest, '-v --volumes --remove-orphans', ('--rmi', *VALUES), stop=False)
        for container in self.there(self.known(names)):
            self.engine.stop(container)
            del self.engine.state['containers'][container['name']]
        if '-v' in found or '--volumes' in found:
            for name in list(self.engine.state['volumes']):
                if name.startswith(f'{self.project}_'):
                    del self.engine.state['volumes'][name]
        if '--rmi' in found:
            for service in self.services.values():
                self.engine.state['images'].pop(service['image'], None)

    def do_pull(self, rest):
        found, names = options(rest, '-q --quiet --ignore-pull-failures', ('--policy',), stop=False)
        for name in self.known(names) or self.services:
            image = self.services[name]['image']
            if found.get('--policy') != ['missing'] or image not in self.engine.state['images']:
                self.engine.pull(image)

    def do_ps(self, rest):
        found, names = options(rest, '-a --all -q --quiet', ('--format', '--status'), stop=False)
        there = [one for one in self.there(self.known(names)) if '-a' in found or '--all' in found or one['status'] == 'running']
        if '-q' in found or '--quiet' in found:
            return ''.join(one['id'] + '\n' for one in there)
        return ''.join(f"{one['name']} {one['image']} {one['status']} {self.engine.health(one)}\n" for one in there)

    def do_logs(self, rest):
        _, names = options(rest, '--no-color --no-log-prefix -t', ('-n', '--tail', '--since'), stop=False)
        return ''.join(f"{one['name']} | a line\n" for one in self.there(self.known(names)))

    def do_images(self, _rest):
        return ''.join(f"{one['name']} {one['image_id']}\n" for one in self.there())

    def do_config(self, rest):
        found, _ = options(rest, '-q --quiet --images --services', ('--format',), stop=False)
        if '--images' in found:
            return ''.join(service['image'] + '\n' for service in self.services.values())
        if '--services' in found:
            return ''.join(name + '\n' for name in self.services)
        return '' if '-q' in found or '--quiet' in found else json.dumps(self.content)

    def do_run(self, rest):
        """A program with the files of the image, which are those of the bookworm root. Volumes of Synapse are bound
        where no program of it can reach them."""
        found, words = options(rest, '-T --rm --no-deps -i --quiet-pull', ('--entrypoint', '-v', '-u', '--user', '-e', '-w'))
        self.known(words[:1])
        if '-v' in found:
            raise Unsupported('compose run with a volume')
        return ['exec', *BOOKWORM, *found.get('--entrypoint', []), *words[1:]]
