import * as assert from 'uvu/assert';
import { suiteOf } from '../support/modules';
import { type Called, LIB, type Sandbox } from '../support/sandbox';

/** Finds the ports that the host's firewall closes, and opens them. */
const test = suiteOf('firewall');

const INSERT = '-w 10 -I INPUT -p tcp -m multiport --dports 80,443,8448 -j ACCEPT';
const RULE = '-A INPUT -p tcp -m multiport --dports 80,443,8448 -j ACCEPT';
const REJECT = '-A INPUT -j REJECT --reject-with icmp-host-prohibited';
const TABLES = ['iptables', 'ip6tables'] as const;

/** A host with these rules, without ufw, nftables and an IPv6 route. */
function host(server: Sandbox, rules: Readonly<Partial<Record<(typeof TABLES)[number], string>>> = {}): void {
  for (const tool of TABLES)
    server.answer(tool, {
      '-w 10 -S INPUT': rules[tool] ? `echo '${rules[tool]}'` : 'exit 3',
      [INSERT]: ':',
    });
  server.answer('ip', { '-6 route get 2001:db8::1': 'exit 2' });
}
const blocked = (server: Sandbox) => server.call('firewall_problem').stdout;
const inserted = ({ calls }: Called) => calls.filter((call) => call.includes(' -I '));

for (const [what, rules, expected] of [
  ['no rules', '-P INPUT ACCEPT', ''],
  ['a rule that rejects', `-P INPUT ACCEPT\n${REJECT}`, `80 is closed by ${REJECT}\n`],
  ['the ports open before it', `-P INPUT ACCEPT\n${RULE}\n${REJECT}`, ''],
  [
    'one port open before it',
    `-P INPUT ACCEPT\n-A INPUT -p tcp --dport 80 -j ACCEPT\n${REJECT}`,
    `443 is closed by ${REJECT}\n`,
  ],
  ['a policy that drops', '-P INPUT DROP', '80 is closed by -P INPUT DROP\n'],
  ['a policy after another chain', '-P INPUT DROP\n-A INPUT -j ufw-before-input', ''],
  [
    'all of TCP open to one source alone',
    `-P INPUT DROP\n-A INPUT -s 192.0.2.1/32 -p tcp -j ACCEPT`,
    '80 is closed by -P INPUT DROP\n',
  ],
  ['a range of ports', '-P INPUT DROP\n-A INPUT -p tcp --dport 80:9000 -j ACCEPT', ''],
] as const)
  test(`iptables with ${what}`, (server) => {
    host(server, { iptables: rules });
    assert.is(blocked(server), expected);
  });

test('rules of IPv6 count where the server has a way out by it', (server) => {
  host(server, { ip6tables: '-P INPUT DROP' });
  assert.is(blocked(server), '');
  server.answer('ip', { '-6 route get 2001:db8::1': ':' });
  assert.is(blocked(server), '80 is closed by -P INPUT DROP (IPv6)\n');
});

for (const [rule, closed] of [
  ['22/tcp                     ALLOW       Anywhere', true],
  ['443/tcp                    ALLOW       Anywhere', false],
  ['80,443,8448/tcp            ALLOW       Anywhere', false],
  ['443/tcp                    DENY        Anywhere', true],
] as const)
  test(`ufw with the rule ${rule.replace(/ +/g, ' ')}`, (server) => {
    host(server);
    server.answer('ufw', { status: `printf '%s\\n' 'Status: active' '' '${rule}'` });
    assert.is(blocked(server), closed ? '443 is closed by ufw\n' : '');
  });

const CHAINS = `table inet own {
	chain input {
		type filter hook input priority filter; policy drop;
	}
}
table ip filter {
	chain INPUT {
		type filter hook input priority filter; policy drop;
	}
}
table inet open {
	chain input {
		type filter hook input priority filter; policy accept;
	}
}`;
for (const [what, table, expected] of [
  ['does not mention HTTPS', 'tcp dport 22 accept', '443 may be closed by nftables, table inet own\n'],
  ['mentions port 443', 'tcp dport { 22, 443 } accept', ''],
  ['mentions https', 'tcp dport https accept', ''],
  ['mentions port 4430', 'tcp dport 4430 accept', '443 may be closed by nftables, table inet own\n'],
] as const)
  test(`a table of nftables that drops and ${what}; that of iptables does not count`, (server) => {
    host(server);
    server.answer('nft', { 'list chains': `echo '${CHAINS}'`, 'list table inet own': `echo '${table}'` });
    assert.is(blocked(server), expected);
  });

test('an nftables that fails is ignored', (server) => {
  host(server);
  server.answer('nft', { 'list chains': 'exit 1' });
  assert.is(blocked(server), '');
});

test('a host without nft has no such table', (server) => {
  host(server);
  const { code, stdout } = server.call('rm "$ROOT/bin/nft"\nPATH=$ROOT/bin\nnftables_blocks');
  assert.equal([code, stdout], [0, '']);
});

test('a host that closes no port does not change', (server) => {
  host(server, { iptables: '-P INPUT ACCEPT', ip6tables: '-P INPUT ACCEPT' });
  const result = server.call('open_firewall');
  assert.equal([result.code, result.stdout, inserted(result)], [0, '', []]);
});

test('ports are opened as the firewall runs, and in the file that it is loaded from', (server) => {
  host(server, { iptables: `-P INPUT ACCEPT\n${REJECT}`, ip6tables: '-P INPUT DROP' });
  const filter = ['*nat', ':INPUT ACCEPT', 'COMMIT', '*filter', ':INPUT ACCEPT', REJECT, 'COMMIT'];
  server.put('/etc/iptables/rules.v4', `${filter.join('\n')}\n`, 0o640);
  server.put('/etc/iptables/rules.v6', '');
  const result = server.call('open_firewall; open_firewall; stat -c %a $ROOT/etc/iptables/rules.v4');
  assert.is(result.code, 0);
  assert.equal(result.stdout.split('\n').slice(0, 2), [
    `gen-cloudinit: iptables: port 80 is closed by ${REJECT}; 80, 443 and 8448 are opened`,
    'gen-cloudinit: ip6tables: port 80 is closed by -P INPUT DROP; 80, 443 and 8448 are opened',
  ]);
  assert.match(result.stdout, /\n640\n$/);
  assert.equal(inserted(result).slice(0, 2), [`iptables ${INSERT}`, `ip6tables ${INSERT}`]);
  const rules = [...filter.slice(0, 5), RULE, ...filter.slice(5)];
  assert.is(server.read('/etc/iptables/rules.v4'), `${rules.join('\n')}\n`, 'once, before the first rule');
  assert.is(server.read('/etc/iptables/rules.v6'), '', 'a file without rules is not ours to begin');
});

test('a filter without rules gets the rule before its end', (server) => {
  server.put('/etc/iptables/rules.v4', '*filter\n:INPUT DROP\nCOMMIT\n');
  server.call('persist_firewall_rule $ROOT/etc/iptables/rules.v4');
  assert.is(server.read('/etc/iptables/rules.v4'), `*filter\n:INPUT DROP\n${RULE}\nCOMMIT\n`);
});

test('a tool that takes no rule changes no file and does not stop the other', (server) => {
  host(server, { iptables: '-P INPUT DROP', ip6tables: '-P INPUT DROP' });
  server.answer('iptables', { [INSERT]: 'exit 4' });
  for (const version of [4, 6]) server.put(`/etc/iptables/rules.v${version}`, '*filter\nCOMMIT\n');
  const result = server.call('open_firewall');
  assert.is(result.code, 0);
  assert.is(server.read('/etc/iptables/rules.v4'), '*filter\nCOMMIT\n');
  assert.is(server.read('/etc/iptables/rules.v6'), `*filter\n${RULE}\nCOMMIT\n`);
});

for (const [what, answer, said] of [
  ['opens', ':', 'gen-cloudinit: ufw: 80, 443 and 8448 are open\n'],
  ['does not open', 'exit 1', ''],
] as const)
  test(`a ufw that ${what} the ports`, (server) => {
    host(server);
    server.answer('ufw', { status: "echo 'Status: active'", 'allow 80,443,8448/tcp': answer });
    const { code, stdout, calls } = server.call('open_firewall');
    assert.equal([code, stdout], [0, said]);
    assert.ok(calls.includes('ufw allow 80,443,8448/tcp'));
  });

test('a closed port is a fact, and is reported once', (server) => {
  host(server, { iptables: '-P INPUT DROP' });
  const { stdout } = server.call('update_firewall_fact; update_firewall_fact');
  const problem = 'port 80 is closed by -P INPUT DROP';
  assert.is(stdout, `gen-cloudinit: ${problem}: unreachable; open 80, 443 and 8448\n`);
  assert.is(server.read(`${LIB}/facts/firewall`), `${problem}\n`);
  host(server);
  assert.is(server.call('update_firewall_fact').stdout, '');
  assert.is(server.read(`${LIB}/facts/firewall`), '\n');
});

test('a firewall with more findings than a pipe holds does not stop the tick', (server) => {
  host(server);
  server.answer('nft', {
    'list chains': `seq 3000 | while read -r n; do printf 'table inet t%s {\\n type filter hook input priority 0; policy drop;\\n}\\n' "$n"; done`,
    'list table *': ':',
  });
  const { code } = server.call('update_firewall_fact');
  assert.is(code, 0);
  assert.match(
    server.read(`${LIB}/facts/firewall`) ?? '',
    /^port 443 may be closed by nftables, table inet t1$/m,
  );
});

test.run();
