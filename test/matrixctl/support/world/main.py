"""A world: one server at a time with its Docker, database, Synapse and web. Takes orders as lines of JSON from standard
input and answers each with a line (world.ts)."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import traceback

import outside
from case import CASE, SNAPSHOTS, Case
from database import ROOT, Database
from engine import Engine
from facts import facts, mark
from hostile import Hostile
from mounts import bind, unmount
from synapse import Synapse
from web import Web, forget_challenge

LAND = 'import json,sys;from cloudinit.config.cc_write_files import write_files;write_files("world",json.load(sys.stdin),"root:root")'


class World:
    def __init__(self, lower):
        self.database = Database()
        self.case = Case(lower)
        self.lower = lower
        self.synapse = Synapse(self.database, lambda: CASE)
        self.engine = Engine(self.database, self.synapse, lambda: CASE)
        self.synapse.engine = self.engine
        self.web = self.engine.web = Web(self.engine, self.synapse)
        self.hostile = Hostile(self.synapse, self.engine)
        listening = socket.create_server(('127.0.0.1', 9999), backlog=64)
        threading.Thread(target=self.listen, args=(listening,), daemon=True).start()

    # --- the clients of Docker

    def listen(self, listening):
        while True:
            connection, _ = listening.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            given = b''
            while given.count(b'\0') < 2 or given.count(b'\0') < int(given.split(b'\0')[0]) + 2:
                part = connection.recv(65536)
                if not part:
                    return
                given += part
            _, name, *words = given.decode('utf8', 'replace').split('\0')[:-1]
            answer = self.engine.call(name, words)
            if self.case.tracing:
                self.case.trace.append(f"   {name} {' '.join(words)[:300]}: {answer[:2]}")
            connection.sendall(''.join(word + '\0' for word in answer).encode())
        except OSError:
            pass
        finally:
            connection.close()

    # --- the orders

    def do_fresh(self, snapshot=None):
        """The server as it was saved, or an empty one."""
        self.hostile.set(None, 'keep')
        self.synapse.stop()
        self.synapse.slow = 0
        self.case.fresh(snapshot)
        forget_challenge()
        self.engine.answers, self.engine.calls = None, []
        if snapshot:
            self.engine.state = json.loads(open(f'{SNAPSHOTS}/{snapshot}.json', encoding='utf8').read())
            self.database.restore(f'{ROOT}/volumes/{snapshot}')
        else:
            self.engine.state = {'registry': {}, 'images': {}, 'ids': [], 'containers': {}, 'volumes': {}, 'made': 0}
            self.database.stop()
        self.engine.resume()

    def do_save(self, snapshot):
        self.case.save(snapshot)
        running = self.database.running
        self.database.stop()
        self.database.save(f'{ROOT}/volumes/{snapshot}')
        if running:
            self.database.start()
        with open(f'{SNAPSHOTS}/{snapshot}.json', 'w', encoding='utf8') as file:
            json.dump(self.engine.state, file)

    def do_export(self, path):
        """The snapshots, for another world: they need not be made twice."""
        subprocess.run(['tar', '--xattrs', '--xattrs-include=*', '--exclude=volumes/postgres', '-C', '/mnt', '-cf', path,
                        'snapshots', 'volumes'], check=True)

    def do_import(self, path):
        subprocess.run(['tar', '--xattrs', '--xattrs-include=*', '--numeric-owner', '-C', '/mnt', '-xpf', path], check=True)

    def do_write(self, path, content, mode=0o644, uid=0):
        os.makedirs(os.path.dirname(CASE + path), exist_ok=True)
        with open(CASE + path, 'w', encoding='utf8') as file:
            file.write(content)
        os.chmod(CASE + path, mode)
        os.chown(CASE + path, uid, uid)

    def do_append(self, path, content):
        with open(CASE + path, 'a', encoding='utf8') as file:
            file.write(content)

    def do_read(self, path):
        with open(CASE + path, encoding='utf8', errors='replace') as file:
            return file.read()

    def do_copy(self, path, to):
        """Between a server and what outlasts it."""
        shutil.copy2(path.replace('case:', CASE), to.replace('case:', CASE))

    def do_remove(self, path):
        os.remove(CASE + path)

    def do_age(self, path, seconds):
        now = os.stat(CASE + path).st_mtime - seconds
        os.utime(CASE + path, (now, now))

    def do_land(self, files):
        """Real cloud-init writes the document's files, wherever their paths lead it."""
        done = subprocess.run(['chroot', CASE, '/usr/bin/python3', '-c', LAND], input=json.dumps(files), text=True,
                              capture_output=True, check=False, env={'PATH': '/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL': 'C.UTF-8'})
        if done.returncode != 0:
            raise RuntimeError(done.stderr)

    def do_run(self, argv, hostile=False, marks=False, **options):
        """`marks`: reports as well what the state was at each step, as a text that differs where the states do."""
        found = []
        if hostile:
            self.hostile.begin()
            self.case.between = self.hostile.between
        elif marks:
            self.case.between = lambda *_: found.append(mark(self.engine, self.database))
        try:
            return {**self.case.run(argv, **options), 'marks': found}
        finally:
            self.case.between = None
            self.hostile.recover()

    def do_hostile(self, attack, mode, seed=0):
        self.hostile.set(attack, mode, seed)

    def do_acts(self):
        return self.hostile.acts

    def do_nature(self, natures):
        self.engine.nature.update(natures)

    def do_registry(self, images):
        self.engine.state['registry'].update(images)

    def do_container(self, **container):
        self.engine.state['containers'][container['name']] = container
        self.engine.state['ids'].append(container['image_id'])

    def do_state(self):
        return self.engine.state

    def do_fill(self, tag):
        self.synapse.fill(tag)

    def do_slow(self, times):
        self.synapse.slow = times

    def do_sql(self, sql):
        return self.database.query(sql)

    def do_facts(self):
        return facts(self.engine, self.synapse, self.database)

    def do_outside(self, snapshot):
        return {'changes': outside.changes(self.lower, snapshot), 'owned': outside.owned(), 'leaks': outside.leaks()}

    def do_tmpfs(self, path, size):
        """A small disk of its own, full but for what lay there."""
        aside = '/mnt/output/aside'
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(CASE + path, aside)
        subprocess.run(['mount', '-t', 'tmpfs', '-o', f'size={size},mode=0755', 'tmpfs', CASE + path], check=True)
        shutil.copytree(aside, CASE + path, dirs_exist_ok=True)
        with open(f'{CASE}{path}/filler', 'wb', buffering=0) as file:
            try:
                while file.write(b'x' * 512):
                    pass
            except OSError:
                pass

    def do_bind(self, path, to):
        bind(path, CASE + to)

    def do_unmount(self, path):
        unmount(CASE + path)

    def do_room(self, path):
        os.remove(f'{CASE}{path}/filler')

    def do_calls(self):
        return {'calls': self.engine.calls, 'complaints': self.engine.complaints}


def main():
    orders, answers = os.fdopen(os.dup(0), encoding='utf8'), os.fdopen(os.dup(1), 'w', encoding='utf8')
    os.dup2(os.open('/dev/null', os.O_RDONLY), 0)
    os.dup2(2, 1)
    os.setgroups([])
    world = World(sys.argv[1])
    answers.write('{"ready":true}\n')
    answers.flush()
    for line in orders:
        order = json.loads(line)
        try:
            answer = {'done': getattr(world, 'do_' + order.pop('order'))(**order)}
        except Exception:  # noqa: BLE001, the test gets every error
            answer = {'failed': traceback.format_exc()}
        answers.write(json.dumps(answer) + '\n')
        answers.flush()
    world.hostile.set(None, 'keep')
    world.case.close()
    world.database.stop(3)


main()
