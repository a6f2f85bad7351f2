#!/bin/bash
# The inside of a world (world.ts): process 1 of namespaces of its own. The working directory holds the root
# directories of test/tools; the first argument is the directory of this file. Everything is in memory and ends with
# the program below, which ends with its standard input.
set -euo pipefail
here=$1

mount -t tmpfs -o mode=0755,size=12g tmpfs /mnt
mkdir -p /mnt/{volumes,bookworm,bookworm.upper,bookworm.work,dev,bench/bin,bench/bookworm,case,snapshots,output}
mount -t overlay overlay -o "lowerdir=bookworm,upperdir=/mnt/bookworm.upper,workdir=/mnt/bookworm.work" /mnt/bookworm
mkdir -p /mnt/bookworm/{run/postgresql,volumes,var/www/letsencrypt,etc/nginx/conf.d,etc/nginx/templates}
chmod 1777 /mnt/bookworm/run/postgresql
mount --bind /mnt/volumes /mnt/bookworm/volumes
mkdir /mnt/volumes/postgres
chown -R 100:102 /mnt/volumes
printf 'listen 80;\nlisten [::]:80;\n' |
  tee /mnt/bookworm/etc/nginx/conf.d/redirector.conf >/mnt/bookworm/etc/nginx/templates/default.conf.template

# Only those devices of the machine that every program may use.
mount -t tmpfs -o mode=0755 tmpfs /mnt/dev
for device in null zero full random urandom tty; do
  : >"/mnt/dev/$device"
  mount --bind "/dev/$device" "/mnt/dev/$device"
done
ln -s /proc/self/fd /mnt/dev/fd
for stream in 0:stdin 1:stdout 2:stderr; do ln -s "fd/${stream%:*}" "/mnt/dev/${stream#*:}"; done
mkdir /mnt/dev/shm /mnt/bookworm/dev/shm 2>/dev/null || :
mount --rbind /mnt/dev /mnt/bookworm/dev

# First in the server's PATH: stand-ins for programs that need a daemon, systemd or the internet.
install -m 755 "$here/docker" /mnt/bench/bin/docker
for name in systemctl timedatectl cloud-init apt-get dpkg; do ln -s docker "/mnt/bench/bin/$name"; done
install -m 755 "$here/sleep" "$here/df" /mnt/bench/bin
# There is no firewall, and everything is in memory.
for name in iptables ip6tables sync; do ln -s /usr/bin/true "/mnt/bench/bin/$name"; done
mount --rbind /mnt/bookworm /mnt/bench/bookworm

mount -t proc proc /proc
ip link set lo up
# A default route by IPv4, so that the server finds one; packets to it are lost.
ip link add uplink type veth peer name far
ip link set far up
ip link set uplink up
ip addr add 192.0.2.10/32 dev uplink
ip route add 192.0.2.1/32 dev uplink
# The tests open thousands of short connections.
echo 10000 65000 >/proc/sys/net/ipv4/ip_local_port_range
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
/usr/bin/python3 -B "$here/main.py" "$PWD/sid"
