import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { lint } from '../src/cloudinit/lint/lint';

/** Variants of common mistakes, and documents that look like one: the codes of each, separated by commas. */
type Variant = readonly [codes: string, body: string];

/** Remarks that many of these short documents share. */
const ASIDE = ['users-no-default', 'user-no-login', 'secret-password', 'secret', 'deprecated-key'];

/** A mistake of each kind, in other words than the examples of the table. */
const FAULTY: readonly Variant[] = [
  ['users-no-default', 'users:\n- name: bob\n  sudo: ALL=(ALL) NOPASSWD:ALL\n  shell: /bin/bash\n'],
  [
    'password-not-hashed',
    'chpasswd:\n  expire: false\n  users:\n  - {name: root, password: toor, type: hash}\n',
  ],
  ['password-not-hashed', 'users:\n- default\n- name: bob\n  lock_passwd: false\n  passwd: mypassword\n'],
  ['password-locked', 'users:\n- default\n- name: bob\n  plain_text_passwd: mypassword\n'],
  ['password-hash-as-text', 'chpasswd:\n  list:\n  - ubuntu:$y$j9T$abcdefgh$ijklmnopqrstuv\n'],
  ['jinja-no-header', 'hostname: web-{{ v1.instance_id }}\n'],
  ['jinja-no-header', 'runcmd:\n- "echo {{ds.meta_data.local_hostname}} > /etc/name"\n'],
  ['jinja-no-header', 'runcmd:\n- |\n  {% if v1.distro == "ubuntu" %}\n  ls\n  {% endif %}\n'],
  ['unknown-key', 'network:\n  config: disabled\n'],
  ['unknown-key', 'network: {version: 1}\n'],
  ['type', 'bootcmd: |\n  echo a\n  echo b\n'],
  ['type', 'packages: |\n  - git\n  - curl\n'],
  ['type', 'runcmd: >\n  - a\n  - b\n'],
  ['home-unset', 'runcmd:\n- cd ~\n- ls\n'],
  ['home-unset,bashism', `runcmd:\n- |\n  #!/bin/bash\n  set -euo pipefail\n  echo \${HOME}/.bashrc\n`],
  ['folded-lines', 'runcmd:\n- >\n  apt-get update\n  apt-get install -y nginx\n'],
  [
    'folded-lines',
    'write_files:\n- path: /usr/local/bin/x\n  permissions: "0755"\n  content: >-\n    #!/usr/bin/env python3\n    import os\n    print(1)\n',
  ],
  ['folded-lines', 'write_files:\n- path: /etc/x.conf\n  content: >\n    a=1\n    b=2\n'],
  ['timezone-legacy', 'timezone: CET\n'],
  ['timezone-unknown', 'timezone: Berlin\n'],
  ['timezone-unknown', 'timezone: UTC+1\n'],
  ['timezone-legacy', 'timezone: EST5EDT\n'],
  ['timezone-unknown', 'timezone: europe/berlin\n'],
  ['locale-unknown', 'locale: german\n'],
  ['locale-unknown', 'locale: en_us.utf8\n'],
  ['value', 'power_state: {mode: reboot, delay: "+1h"}\n'],
  ['value', 'power_state:\n  delay: now\n  mode: restart\n'],
  ['type', 'power_state: {mode: reboot, timeout: 30s}\n'],
  ['unknown-key', 'users:\n- default\n- name: a\n  ssh-authorized-key: [x]\n'],
  [
    'unknown-key,key-missing',
    'users:\n- default\n- username: a\n  ssh_authorized_keys: [ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample alice@example]\n',
  ],
  ['unknown-key', 'users:\n- default\n- name: a\n  password: b\n'],
  [
    'sudo-rule',
    'users:\n- default\n- name: a\n  sudo: true\n  ssh_authorized_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample alice@example"]\n',
  ],
  [
    'user-no-home',
    'users:\n- default\n- name: svc\n  system: true\n  ssh_authorized_keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample alice@example"]\n',
  ],
  ['ssh-key-import', "users:\n- default\n- name: a\n  ssh_authorized_keys: ['github:alice']\n"],
  ['type', 'users:\n- default\n- name: a\n  ssh_import_id: gh:alice\n'],
  ['deprecated-key', 'users:\n- default\n- name: a\n  uid: "1500"\n  ssh_import_id: [gh:a]\n'],
  ['empty-key', 'ca_certs:\n  trusted: []\n'],
  ['deprecated-key', 'ca-certs: {trusted: [x], remove-defaults: true}\n'],
  ['unknown-key', 'ca_certs: {certs: [x]}\n'],
  ['unknown-key', 'ntp: {server: [a.example]}\n'],
  ['type', 'snap:\n  commands: snap install x\n'],
  ['value', 'swap: {filename: /s, size: 2 GB}\n'],
  ['type', 'ntp: {enabled: "yes"}\n'],
  ['type', 'swap: 2G\n'],
  ['value', 'disk_setup:\n  /dev/sdb: {table_type: msdos, layout: true}\n'],
  ['type', 'fs_setup:\n  device: /dev/sdb\n  filesystem: ext4\n'],
  ['type', 'mounts: [[vdb, /data], /dev/vdc]\n'],
  ['value', 'growpart: {mode: on}\n'],
  ['unknown-key', 'growpart:\n  mode: auto\n  device: ["/"]\n'],
  ['value', 'resize_rootfs: maybe\n'],
  ['command-asks', 'runcmd:\n- apt update && apt upgrade\n'],
  ['command-asks', 'runcmd:\n- [apt-get, install, nginx]\n'],
  ['command-asks', '#!/bin/bash\nset -e\nsudo apt-get install docker.io\n'],
  ['command-asks', 'runcmd:\n- dnf install nginx\n'],
  ['command-asks', 'runcmd:\n- sudo apt-get autoremove\n'],
  ['type,placeholder', 'runcmd:\n- curl -H "Authorization: Bearer <YOUR_TOKEN>" https://x\n'],
  ['placeholder', 'hostname: <HOSTNAME>\n'],
  ['placeholder', `ssh_authorized_keys:\n- \${ssh_public_key}\n`],
  ['placeholder', `runcmd:\n- echo \${var.region}\n`],
  ['yaml-syntax', '%{ if x }\nhostname: a\n%{ endif }\n'],
  ['placeholder', 'runcmd:\n- kubeadm join <control-plane-host>:6443\n'],
  ['placeholder', 'hostname: "%{ if x }a%{ endif }"\n'],
  ['item-joined', 'ssh_authorized_keys:\n- ssh-rsa AAAAB3Nza a\n - ssh-rsa AAAAB3Nzb b\n'],
  ['item-joined', 'runcmd:\n  - echo a\n    - echo b\n'],
  ['item-joined', 'users:\n- default\n- name: a\n  ssh_import_id:\n  - gh:a\n   - gh:b\n'],
  ['command-reboots', 'runcmd:\n- echo a\n- sudo shutdown -r now\n'],
  ['command-reboots', 'runcmd:\n- [systemctl, reboot]\n'],
  ['command-reboots', 'runcmd:\n- sleep 5; init 6\n'],
  [
    'script-not-executable',
    'write_files:\n- path: /opt/x.sh\n  content: |\n    #!/bin/bash\n    ls\nruncmd:\n- [/opt/x.sh, a]\n',
  ],
  [
    'script-not-executable',
    'write_files:\n- path: /opt/x.sh\n  permissions: "0644"\n  content: |\n    #!/bin/bash\n    ls\nruncmd:\n- cd /opt && sudo /opt/x.sh > /log\n',
  ],
  ['path-below-home', 'write_files:\n- path: /home/ubuntu/.ssh/config\n  content: a\n'],
  ['permissions-format', 'write_files:\n- {path: /a, permissions: rw-r--r--}\n'],
  ['yaml-syntax', 'groups: docker: alice\n'],
  ['empty-key', 'groups:\n  docker: [alice]\n  web: []\n'],
  ['type', 'users:\n- default\n- name: a\n  ssh_import_id: [gh:a]\n  groups: [sudo, {docker: }]\n'],
  ['unknown-key', 'cloud_config:\n  runcmd: [ls]\n'],
  ['unknown-key', 'user-data:\n  packages: [a]\n  runcmd: [ls]\n'],
  ['unknown-key', 'run_cmd: [ls]\n'],
  ['unknown-key', 'package: [git]\n'],
  ['unknown-key', 'commands: [ls]\n'],
  ['type', 'runcmd:\n- echo "Error: x" | logger\n'],
  ['type', 'runcmd:\n- curl -H "X-A: b" http://x\n- git clone http://y\n'],
  ['unknown-key', 'packages: [git, nginx: 1.2]\n'],
  ['yaml-surrogate', 'write_files: [{path: /a, content: "\\ud83d\\ude00"}]\n'],
  ['type', 'keyboard: {layout: us, options: [a]}\n'],
  ['type', 'keyboard: de\n'],
  ['value', 'phone_home: {url: http://x, post: everything}\n'],
  ['key-missing', 'landscape: {client: {url: x}}\n'],
  ['key-missing', 'yum_repos: {a: {name: x}}\n'],
  ['unknown-key', 'wireguard: {interfaces: [{name: wg0, private_key: x}]}\n'],
  ['unknown-key', 'rsyslog: {remote: {a: b}}\n'],
  ['deprecated-key', 'ubuntu_advantage: {token: x}\n'],
  ['unknown-key', 'puppet: {conf: {agnet: {}}}\n'],
  ['unknown-key', 'ssh: {emit_keys_to_console: no, keys: x}\n'],
  ['key-missing', 'autoinstall: {identity: {}}\n'],
  ['key-missing', 'fan: {config_path: /x}\n'],
  ['value', 'byobu_by_default: yes please\n'],
  ['value', 'manage_etc_hosts: localhos\n'],
  ['value', 'ssh_genkeytypes: [dsa]\n'],
  ['type', 'package_upgrade: "yes"\n'],
  ['type', 'final_message: [a]\n'],
  ['deprecated-key', 'ssh_pwauth: "no"\n'],
  ['type', 'hostname: [a]\n'],
  ['value', 'lxd: {init: {storage_backend: ceph}}\n'],
  ['unknown-key', 'apt: {sources: {a: {uri: x}}}\n'],
  ['type', 'apt: {sources: [{source: x}]}\n'],
  ['deprecated-key', 'rh_subscription: {auto-attach: true}\n'],
  ['type', 'salt_minion: {conf: a}\n'],
  ['value', 'random_seed: {encoding: utf8}\n'],
  ['key-missing', 'zypper: {repos: [{id: a}]}\n'],
  [
    'script-not-executable',
    'write_files:\n- path: /opt/app/x.sh\n  content: |\n    #!/bin/sh\n    ls\nruncmd:\n- chmod +x /etc/other\n- /opt/app/x.sh\n',
  ],
  ['placeholder', 'runcmd:\n- export TOKEN=<token>\n'],
  ['placeholder', 'ssh_authorized_keys:\n- <your public key>\n'],
  ['command-asks', 'runcmd:\n- apt-get remove -y x; apt-get purge y\n'],
  ['placeholder', `write_files:\n- path: /a\n  content: "\${domain}"\nhostname: \${hostname}\n`],
  [
    'command-reboots',
    'runcmd:\n- [sh, -xc, "echo $(date) a"]\n- "curl https://x/y?a={b}"\n- test -e /x && reboot\n',
  ],
];

/** Nothing but notes: each of these works. */
const VALID: readonly Variant[] = [
  [
    '',
    'users:\n  - default\n  - name: bob\n    ssh_authorized_keys:\n      - ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIexample alice@example\n',
  ],
  [
    '',
    'users:\n- default\n- name: bob\n  hashed_passwd: $y$j9T$abc.def$ghi1234567890abcdefABCDEF/xyz\n  lock_passwd: false\n',
  ],
  ['', 'runcmd:\n- "docker ps --format \'{{.Names}}\'"\n'],
  ['', 'runcmd:\n- export HOME=/root\n- cp a ~/b\n'],
  ['', 'runcmd:\n- [sh, -c, "echo $HOME"]\n'],
  ['', 'runcmd:\n- su - bob -c \'echo $HOME\'\n- sudo -u bob -i bash -c "cd ~/x"\n'],
  ['', 'runcmd:\n- >\n  curl -fsSL https://x.example/y\n  -o /tmp/z --retry 3\n'],
  ['', 'runcmd:\n- >-\n  docker run -d\n  --name web\n  nginx\n'],
  ['', 'final_message: >\n  the server is\n  ready\n'],
  ['', 'timezone: Etc/UTC\n'],
  ['', 'locale: C.UTF-8\n'],
  ['', 'locale: en_GB\n'],
  ['', 'locale: sr_RS@latin\n'],
  ['', 'locale: ca_ES.UTF-8@valencia\n'],
  ['', 'power_state: {mode: poweroff, delay: +5, condition: test -f /x}\n'],
  ['', 'users:\n- default\n- name: svc\n  system: true\n  shell: /usr/sbin/nologin\n'],
  ['', 'user: bob\n'],
  ['', 'users: [default]\n'],
  ['', 'swap: {filename: /s, size: 2G, maxsize: 4G}\n'],
  ['', 'snap: {commands: ["snap install hello", [snap, install, b]]}\n'],
  ['', 'fs_setup:\n- {device: /dev/sdb, filesystem: ext4, partition: auto}\n'],
  [
    '',
    'runcmd:\n- DEBIAN_FRONTEND=noninteractive apt-get -y install nginx\n- apt-get -qq install x\n- apt-get install --yes a\n- apt-get update\n- yes | apt-get install b\n- apt-get install \\\n    -y c\n',
  ],
  ['', 'runcmd:\n- |\n  apt-get install -y \\\n    nginx \\\n    curl\n'],
  ['', 'runcmd:\n- echo "run apt-get install x"\n'],
  ['', `write_files:\n- path: /a\n  content: |\n    x=\${HOME}\n    <html><Body>\n`],
  ['', 'runcmd:\n- cat <<EOF > /x\n  <A>\n  EOF\n'],
  ['', 'runcmd:\n- sed -i "s/<NAME>/x/" /etc/a\n'],
  ['', 'runcmd:\n- echo "a" > /x\n- mysql < /tmp/DUMP > /tmp/OUT\n'],
  ['', 'packages:\n- git\n  curl\n'],
  [
    '',
    'runcmd:\n- shutdown -r +1\n- systemctl enable reboot-notifier\n- echo reboot\n- touch /var/run/reboot-required\n- "[ -f /var/run/reboot-required ] && echo yes"\n',
  ],
  [
    '',
    'write_files:\n- path: /opt/x.sh\n  content: |\n    #!/bin/bash\n    ls\nruncmd:\n- chmod +x /opt/x.sh\n- /opt/x.sh\n- bash /opt/x.sh\n',
  ],
  ['', 'write_files:\n- path: /opt/x.sh\n  content: |\n    #!/bin/bash\n    ls\nruncmd:\n- sh /opt/x.sh\n'],
  ['', 'write_files:\n- {path: /home/ubuntu/x, content: a, defer: true, owner: "ubuntu:ubuntu"}\n'],
  ['', "write_files:\n- {path: /a, permissions: '0_644'}\n"],
  ['', "write_files:\n- {path: /a, permissions: '1777'}\n"],
  ['', 'groups: [docker, {web: [a, b]}]\n'],
  ['', 'final_message: "\\\\ud83d ok"\n'],
  ['', 'runcmd:\n- |\n  if [ "$a" = b ]; then sort <in>out; fi\n- rsync a:~/x /y\n- echo "about ~ 5"\n'],
  ['', 'runcmd:\n- apt-get $APT_OPTS install nginx\n'],
  ['', 'apt: {conf: \'APT::Get::Assume-Yes "true";\'}\nruncmd:\n- apt-get install nginx\n'],
  [
    '',
    'write_files:\n- path: /opt/app/x.sh\n  content: |\n    #!/bin/sh\n    ls\nruncmd:\n- chmod -R +x /opt/app\n- /opt/app/x.sh\n',
  ],
  [
    '',
    'write_files:\n- path: /etc/salt/x.sls\n  content: |\n    {% if grains.os %}\n    {{ region }}\n    {% endif %}\n',
  ],
  ['', 'users:\n- default\n- name: a\n  gecos: Alice <alice@example.org>\n  ssh_import_id: [gh:a]\n'],
  ['', 'runcmd:\n- sudo -iu alice sh -c "cd ~/x"\n- [bash, -c, "cd ~ && ls"]\n'],
  ['', 'bootcmd:\n- cloud-init-per once x sh -c "apt-get install foo"\n'],
];

const found = (body: string) =>
  lint(new TextEncoder().encode(/^#!/.test(body) ? body : `#cloud-config\n${body}`)).filter(
    ({ severity, code }) => severity !== 'info' && code !== 'kind-not-checked',
  );

const faulty = suite('lint: variants of mistakes');
for (const [codes, body] of FAULTY)
  faulty(`${codes}: ${JSON.stringify(body)}`, () => {
    const wanted = codes.split(',');
    const given: string[] = found(body).map(({ code }) => code);
    assert.equal(
      wanted.filter((code) => !given.includes(code)),
      [],
    );
    assert.equal(
      given.filter((code) => !wanted.includes(code) && !ASIDE.includes(code)),
      [],
    );
  });
faulty.run();

const valid = suite('lint: variants that work');
for (const [, body] of VALID)
  valid(JSON.stringify(body), () => {
    assert.equal(
      found(body).filter(({ code }) => !ASIDE.includes(code)),
      [],
    );
  });
valid.run();
