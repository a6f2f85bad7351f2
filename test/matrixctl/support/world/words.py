"""Docker's ways of writing: options, filters and the part of Go's templates that scripts use."""

import json
import re


# The programs in the images of the database and of nginx come from this root directory.
BOOKWORM = ['chroot', '/bench/bookworm']


class Refused(Exception):
    """What Docker answers with an exit code other than 0."""


class Unsupported(Exception):
    """A call that the stand-in does not know; a test fails by it."""


def options(words, flags='', values=(), stop=True):
    """Reads options. `flags`: long and short names without a value, separated by blanks; `values`: those with one.
    Returns (found, rest); found has a list for each option with a value. With `stop` options end at the first word
    that is none."""
    known, found, rest, words = flags.split(), {}, [], list(words)
    while words:
        word = words.pop(0)
        if word == '--':
            rest += words
            break
        if not word.startswith('-') or word == '-':
            rest.append(word)
            if stop:
                return found, rest + words
            continue
        if word.startswith('--'):
            name, equals, value = word.partition('=')
            names = [name]
        else:
            # Several short options in one word: the last may take a value.
            names, equals, value = ['-' + letter for letter in word[1:]], '', ''
        for name in names:
            if name in values:
                found.setdefault(name, []).append(value if equals else words.pop(0))
            elif name in known:
                found[name] = True
            else:
                raise Unsupported(f'option {name}')
    return found, rest


def render(template, value):
    """A Go template: {{.A.B}}, {{json .A}}, {{index .A "b"}}, with, if, else and end."""
    parts = re.split(r'\{\{-?\s*(.*?)\s*-?\}\}', template)

    def expression(text, dot):
        if text.startswith('json '):
            return json.dumps(expression(text[5:], dot))
        if text.startswith('index '):
            path, key = re.fullmatch(r'index (\S+) "([^"]*)"', text).groups()
            return (expression(path, dot) or {}).get(key, '')
        if not re.fullmatch(r'\.[A-Za-z.]*', text):
            raise Unsupported(f'template {{{{{text}}}}}')
        for name in text.split('.'):
            if name:
                if name not in dot:
                    raise Unsupported(f'template: no field {name}')
                dot = dot[name]
        return dot

    def block(at, dot, active):
        out = []
        while at < len(parts):
            if at % 2 == 0:
                out.append(parts[at])
            elif parts[at] == 'end' or parts[at] == 'else':
                return ''.join(out) if active else '', at
            elif parts[at].startswith(('with ', 'if ')):
                word, text = parts[at].split(' ', 1)
                found = expression(text, dot) if active else ''
                inner, at = block(at + 1, found if word == 'with' and found else dot, active and bool(found))
                out.append(inner)
                if parts[at] == 'else':
                    inner, at = block(at + 1, dot, active and not found)
                    out.append(inner)
            elif active:
                shown = expression(parts[at], dot)
                out.append(shown if isinstance(shown, str) else str(shown).lower() if isinstance(shown, bool) else str(shown))
            at += 1
        return ''.join(out) if active else '', at

    return block(0, value, True)[0]


def matches(container, wanted):
    """Whether a container passes all filters: the same key twice is or, different keys are and, as Docker has it."""
    groups = {}
    for text in wanted:
        key, _, value = text.partition('=')
        groups.setdefault(key, []).append(value)
    for key, values in groups.items():
        if key == 'name':
            fits = any(re.search(value, container['name']) or re.search(value, '/' + container['name']) for value in values)
        elif key == 'label':
            fits = all(value in labels(container) for value in values)
        elif key == 'status':
            fits = container['status'] in values
        elif key == 'health':
            fits = container.get('health') in values
        else:
            raise Unsupported(f'filter {key}')
        if not fits:
            return False
    return True


def labels(container):
    if not container['project']:
        return []
    return ['com.docker.compose.project', f"com.docker.compose.project={container['project']}",
            f"com.docker.compose.service={container['service']}"]
