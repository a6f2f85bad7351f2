"""Mounts, without a process for each."""

import ctypes
import os
import shutil

LIBC = ctypes.CDLL(None, use_errno=True)
MS_BIND, MS_REC, MNT_DETACH = 4096, 16384, 2


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def mount(source, target, kind='', flags=0, data=''):
    checked(LIBC.mount(source.encode(), target.encode(), kind.encode(), ctypes.c_ulong(flags), data.encode()))


def bind(source, target):
    mount(source, target, '', MS_BIND | MS_REC)


def unmount(target):
    if os.path.ismount(target):
        checked(LIBC.umount2(target.encode(), MNT_DETACH))


def overlay(target, upper, *lower, owner=0, mode=0o755):
    """A throw-away copy of directories, the first above the others; changes go to `upper`, which is recreated."""
    unmount(target)
    for path in (upper, upper + '.work'):
        shutil.rmtree(path, ignore_errors=True)
        os.mkdir(path)
    os.chmod(upper, mode)
    os.chown(upper, owner, owner)
    mount('overlay', target, 'overlay', 0, f'lowerdir={":".join(lower)},upperdir={upper},workdir={upper}.work')
