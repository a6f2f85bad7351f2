"""Docker's calls, but those of Compose, on the table of the stand-in (engine.py): a method for each, by its words."""

import os

from words import BOOKWORM, Refused, Unsupported, labels, matches, options, render


class Calls:
    def do_version(self, rest):
        found, _ = options(rest, '', ('-f', '--format'))
        template = (found.get('-f') or found.get('--format') or ['Docker'])[0]
        return render(template, {'Server': {'Version': '29.1.0'}, 'Client': {'Version': '29.1.0'}}) + '\n'

    def do_info(self, rest):
        found, _ = options(rest, '', ('-f', '--format'))
        template = (found.get('-f') or found.get('--format') or ['Server Version: 29.1.0'])[0]
        return render(template, {'RegistryConfig': {'Mirrors': '[]'}}) + '\n'

    def view(self, container, template):
        # Asking Synapse for its health costs a connection to the database.
        health = self.health(container) if 'Health' in template else ''
        state = {'Status': container['status'], 'Running': container['status'] == 'running', 'ExitCode': 0,
                 'Health': {'Status': health} if health else None}
        marks = dict(label.split('=', 1) for label in labels(container) if '=' in label)
        return {'Id': container['id'], 'Name': '/' + container['name'], 'Image': container['image_id'], 'State': state,
                'RestartCount': 0, 'Config': {'Image': container['image'], 'Labels': marks}}

    def find(self, name):
        for container in self.state['containers'].values():
            if container['name'] == name or (len(name) >= 12 and container['id'].startswith(name)):
                return container
        raise Refused(f'Error response from daemon: No such container: {name}')

    def do_ps(self, rest):
        found, _ = options(rest, '-a --all -q --quiet --no-trunc', ('-f', '--filter', '--format', '-n'))
        wanted = found.get('-f', []) + found.get('--filter', [])
        lines = []
        for container in self.state['containers'].values():
            if container['status'] != 'running' and not ('-a' in found or '--all' in found):
                if not any(text.startswith('status=') for text in wanted):
                    continue
            asks = any(text.startswith('health=') for text in wanted)
            if not matches({**container, 'health': self.health(container) if asks else ''}, wanted):
                continue
            if '-q' in found or '--quiet' in found:
                lines.append(container['id'][:12])
                continue
            template = found.get('--format', ['{{.ID}} {{.Image}} {{.Status}} {{.Names}}'])[0]
            health = self.health(container) if 'Status' in template else ''
            status = {'running': f'Up 2 minutes ({health})', 'exited': 'Exited (0) 2 minutes ago'}
            shown = {'ID': container['id'][:12], 'Names': container['name'], 'Image': container['image'],
                     'State': container['status'], 'Status': status.get(container['status'], 'Created')}
            lines.append(render(template, shown))
        return ''.join(line + '\n' for line in lines)

    def do_inspect(self, rest):
        found, names = options(rest, '', ('-f', '--format', '--type'), stop=False)
        template = (found.get('-f') or found.get('--format') or ['{{.Id}}'])[0]
        return ''.join(render(template, self.view(self.find(name), template)) + '\n' for name in names)

    def image(self, name):
        if name in self.state['images']:
            return self.state['images'][name]
        for known in self.state['ids']:
            if name == known or (len(name) >= 12 and known.removeprefix('sha256:').startswith(name)):
                return known
        raise Refused(f'Error response from daemon: No such image: {name}')

    def do_image_inspect(self, rest):
        found, names = options(rest, '', ('-f', '--format'), stop=False)
        template = (found.get('-f') or found.get('--format') or ['{{.Id}}'])[0]
        out = ''
        for name in names:
            known = self.image(name)
            tags = [tag for tag, there in self.state['images'].items() if there == known]
            out += render(template, {'Id': known, 'RepoTags': tags, 'RepoDigests': tags, 'Size': '52428800'}) + '\n'
        return out

    def do_image_ls(self, rest):
        options(rest, '-q --no-trunc')
        return ''.join(known + '\n' for known in self.state['ids'])

    def do_tag(self, rest):
        self.state['images'][rest[1]] = self.image(rest[0])

    def do_rmi(self, rest):
        """A name goes, and with its last name the image; an image that a container has stays."""
        _, names = options(rest, '', stop=False)
        for name in names:
            known = self.image(name)
            others = [tag for tag, there in self.state['images'].items() if there == known and tag != name]
            is_name = name in self.state['images']
            is_used = any(one['image_id'] == known for one in self.state['containers'].values())
            if is_used and not (is_name and others):
                raise Refused(f'conflict: unable to delete {name}, a container uses the image')
            if not is_name and len(others) > 1:
                raise Refused(f'conflict: unable to delete {name}, the image has several names')
            for tag in [name] if is_name else others:
                self.state['images'].pop(tag)
            if not (is_name and others):
                self.state['ids'].remove(known)

    do_image_rm, do_image_tag = do_rmi, do_tag

    def do_pull(self, rest):
        _, names = options(rest, '-q --quiet')
        self.pull(names[0])
        return names[0] + '\n'

    def do_logs(self, rest):
        _, names = options(rest, '', ('-n', '--tail', '--since'))
        return f"{self.find(names[0])['name']}: a line\n"

    def do_stop(self, rest):
        _, names = options(rest, '', ('-t', '--time'))
        for name in names:
            self.stop(self.find(name))

    def do_start(self, rest):
        for name in rest:
            self.start(self.find(name))

    def do_rm(self, rest):
        found, names = options(rest, '-f -v')
        for name in names:
            container = self.find(name)
            if container['status'] == 'running' and '-f' not in found:
                raise Refused('container is running')
            self.stop(container)
            del self.state['containers'][container['name']]

    def do_kill(self, rest):
        _, names = options(rest, '', ('-s', '--signal'))
        for name in names:
            if self.find(name)['status'] != 'running':
                raise Refused(f'container {name} is not running')

    def do_volume_ls(self, rest):
        found, _ = options(rest, '-q --quiet', ('-f', '--filter'))
        wanted = [text.removeprefix('name=') for text in found.get('-f', []) + found.get('--filter', [])]
        return ''.join(name + '\n' for name in self.state['volumes'] if all(part in name for part in wanted))

    def do_volume_inspect(self, rest):
        _, names = options(rest, '', ('-f', '--format'), stop=False)
        for name in names:
            if name not in self.state['volumes']:
                raise Refused(f'Error response from daemon: get {name}: no such volume')
        return '[]\n'

    def do_volume_rm(self, rest):
        _, names = options(rest, '-f')
        for name in names:
            if name not in self.state['volumes']:
                raise Refused(f'no such volume: {name}')
            if any(one['project'] == name.split('_')[0] for one in self.state['containers'].values()):
                raise Refused(f'volume is in use: {name}')
            del self.state['volumes'][name]

    def prune(self, what):
        """What nothing uses goes: stopped containers and images without a name."""
        if what == 'builder':
            return ''
        for name in [name for name, one in self.state['containers'].items() if one['status'] != 'running']:
            del self.state['containers'][name]
        used = {*self.state['images'].values(), *(one['image_id'] for one in self.state['containers'].values())}
        self.state['ids'] = [known for known in self.state['ids'] if known in used]
        return ''

    def do_exec(self, rest):
        _, words = options(rest, '-i -t -T --interactive', ('-u', '--user', '-e', '--env', '-w'))
        container, program = self.find(words[0]), words[1:]
        if container['status'] != 'running':
            raise Refused(f"Error response from daemon: container {container['id'][:12]} is not running")
        service = container['service']
        if service == 'db':
            place = f'/usr/lib/postgresql/15/bin/{program[0]}'
            if not os.path.exists('/mnt/bookworm' + place):
                raise Unsupported(f'exec in the database: {program[0]}')
            if not self.database.running:
                raise Refused('the database does not run')
            return ['exec', *BOOKWORM, place, *program[1:]]
        if service == 'nginx':
            return ['exec', *BOOKWORM, *program]
        if service == 'synapse' and program[0] in ('python3', 'register_new_matrix_user', 'curl'):
            if self.answers is not None:
                return ['exit', '0', self.answers, '']
            return self.synapse.program(program)
        raise Unsupported(f'exec in {service}: {program[0]}')
