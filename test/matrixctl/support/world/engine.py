"""The stand-in for Docker's daemon, and for the programs that a root directory without systemd and internet has not.

Containers are entries of a table; what they do is done by the database, by Synapse's stand-in and by a small web
server. Every call changes the table whole before it answers, as one that reaches the real daemon goes to its end
whether its client lives or not."""

import threading

from calls import Calls
from compose import Compose
from words import Refused, Unsupported


class Engine(Calls):
    def __init__(self, database, synapse, root):
        self.lock = threading.RLock()
        self.database, self.synapse, self.root = database, synapse, root
        self.compose = Compose(self)
        # The behaviour of images, by id; tests may add more.
        self.nature = {}
        self.state = {'registry': {}, 'images': {}, 'ids': [], 'containers': {}, 'volumes': {}, 'made': 0}
        # Hostile output of programs in Synapse's container, if set.
        self.answers = None
        self.complaints, self.calls = [], []
        self.web = None

    # --- the containers

    def health(self, container):
        if container['status'] != 'running':
            return ''
        nature = self.nature.get(container['image_id'], {})
        if container['service'] == 'db' and container['project'] == 'matrix':
            return 'healthy' if self.database.running else 'unhealthy'
        if container['service'] == 'synapse' and container['project'] == 'matrix':
            return 'unhealthy' if self.synapse.ailment() else 'healthy'
        return 'healthy' if nature.get('healthy', True) else 'unhealthy'

    def start(self, container):
        container['status'] = 'running'
        kind = f"{container['project']}-{container['service']}"
        if kind == 'matrix-db':
            self.database.start()
        elif kind == 'matrix-synapse':
            self.synapse.start(container, self.nature.get(container['image_id'], {}))
        self.web.follow()

    def stop(self, container):
        if container['status'] == 'running':
            container['status'] = 'exited'
        kind = f"{container['project']}-{container['service']}"
        if kind == 'matrix-db':
            self.database.stop()
        elif kind == 'matrix-synapse':
            self.synapse.stop()
        self.web.follow()

    def resume(self):
        """After the table was replaced: what runs, runs."""
        for container in self.state['containers'].values():
            if container['status'] == 'running' and container['project']:
                self.start(container)
        self.web.follow()

    def runs(self, name):
        return self.state['containers'].get(name, {}).get('status') == 'running'

    def pull(self, name):
        if name not in self.state['registry']:
            raise Refused(f'manifest for {name} not found: manifest unknown')
        self.state['images'][name] = self.state['registry'][name]
        if self.state['images'][name] not in self.state['ids']:
            self.state['ids'].append(self.state['images'][name])

    # --- the calls

    def call(self, name, words):
        """@returns what the client has to do: ['exec', program...] or ['exit', code, output, errors]"""
        with self.lock:
            self.calls.append(f"{name} {' '.join(words)}")
            try:
                if name != 'docker':
                    return ['exit', '0', 'NTPSynchronized=yes\n' if words == ['show'] else '', '']
                answer = self.docker(words)
                return answer if isinstance(answer, list) else ['exit', '0', answer or '', '']
            except Refused as error:
                return ['exit', '1', '', f'{error}\n']
            except (Unsupported, ValueError, KeyError, IndexError, AttributeError) as error:
                self.complaints.append(f"docker {' '.join(words)}: {type(error).__name__} {error}")
                return ['exit', '125', '', f'not known to the stand-in: {error}\n']

    def docker(self, words):
        verb, rest = words[0], words[1:]
        if verb == 'compose':
            return self.compose.call(rest)
        if f'{verb} {rest[0] if rest else ""}' in ('builder prune', 'system prune', 'container prune', 'image prune'):
            return self.prune(verb)
        if verb in ('image', 'volume', 'container') and rest:
            verb, rest = f'{verb} {rest[0]}', rest[1:]
            verb = verb.removeprefix('container ')
        method = getattr(self, 'do_' + verb.replace(' ', '_'), None)
        if method is None:
            raise Unsupported(verb)
        return method(rest)
