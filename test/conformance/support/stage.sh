#!/bin/bash
# The inside of a stage (stage.ts): runs as process 1 of namespaces of its own, with the roots' names as arguments
# and the directory that holds them as the working directory. Every root becomes a throw-away copy under /mnt, in
# memory; when standard input ends, everything here ends with it.
set -euo pipefail

mount -t tmpfs -o mode=0755 tmpfs /mnt
for name in "$@"; do
  root=/mnt/$name
  mkdir "$root" "$root.upper" "$root.work"
  mount -t overlay overlay -o "lowerdir=$name,upperdir=$root.upper,workdir=$root.work" "$root"
  mount -t proc proc "$root/proc"
  mount -t sysfs -o ro sysfs "$root/sys"
  mount -t tmpfs -o mode=0755 tmpfs "$root/run"
  # Only those devices of the machine that every program may use, and no disk.
  mount -t tmpfs -o mode=0755 tmpfs "$root/dev"
  for device in null zero full random urandom tty; do
    : >"$root/dev/$device"
    mount --bind "/dev/$device" "$root/dev/$device"
  done
  ln -s /proc/self/fd "$root/dev/fd"
  for stream in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${stream%:*}" "$root/dev/${stream#*:}"; done
  mkdir "$root/dev/shm"
  mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
  # No name is resolved by a network.
  rm -f "$root/etc/resolv.conf"
  printf '127.0.0.1 localhost\n::1 localhost\n' >"$root/etc/hosts"
done
ip link set lo up

# The first field is this process's number as the machine sees it, for /proc here is still the machine's.
read -r self _ </proc/self/stat
printf '%s\n' "$self"
# Waiting in the shell itself, which also collects the children that daemons leave behind.
while read -r _; do :; done
