# shellcheck shell=bash
# --- the host's firewall

PORTS='80 443 8448'
PORT_RULE='-p tcp -m multiport --dports 80,443,8448 -j ACCEPT'

# Which port the chain INPUT closes, and by which rule: a rule or policy that rejects or drops for all senders, before a
# rule that accepts the port. Oracle Cloud's images come with such a rule (/etc/iptables/rules.v4). This finds nothing
# where a policy drops but other chains decide first, as with ufw.
iptables_blocks() { # iptables|ip6tables
  # Without the tool, or without IPv6 in the kernel, there are no rules.
  { "$1" -w 10 -S INPUT 2>/dev/null || :; } | awk -v ports="$PORTS" '
    function accepts(rule, port,   list, parts, ends, count, i) {
      if (rule !~ / -j ACCEPT /) return 0
      if (rule ~ / (-s|-i|-d|--ctstate|--state) / || rule ~ / -p (icmp|udp|ipv6-icmp) /) return 0
      if (!match(rule, / --dports? [0-9:,]+/)) return rule !~ / --sports? /
      list = substr(rule, RSTART, RLENGTH)
      sub(/ --dports? /, "", list)
      count = split(list, parts, ",")
      for (i = 1; i <= count; i++)
        if (parts[i] == port || split(parts[i], ends, ":") == 2 && port >= ends[1] + 0 && port <= ends[2] + 0) return 1
      return 0
    }
    BEGIN { count = split(ports, port, " ") }
    /^-P INPUT (DROP|REJECT)/ { policy = $0 }
    /^-A INPUT/ {
      for (i = 1; i <= count; i++) if (accepts($0 " ", port[i])) open[i] = 1
      if (/ -j / && !/ -j (ACCEPT|REJECT|DROP|LOG|RETURN)/) policy = ""
      if (/^-A INPUT( -p tcp)?( -m comment --comment .*)? -j (REJECT|DROP)/) { rule = $0; exit }
    }
    END {
      if (!rule) rule = policy
      if (rule) for (i = 1; i <= count; i++) if (!(i in open)) { print port[i] " is closed by " rule; exit }
    }'
}

ufw_is_active() { command -v ufw >/dev/null && ufw status 2>/dev/null | grep -qx 'Status: active'; }

# A chain of nftables that drops by default and does not mention HTTPS. The owner maintains the rules of nftables: the
# script reports them and does not change them.
nftables_blocks() {
  local family table
  command -v nft >/dev/null || return 0
  { nft list chains 2>/dev/null || :; } | awk '
    /^table / { family = $2; table = $3 }
    /hook input/ && /policy drop/ && !(family ~ /^ip6?$/ && table == "filter") { print family, table }' |
    while read -r family table; do
      nft list table "$family" "$table" | grep -Eq '\<(443|https)\>' || echo "443 may be closed by nftables, table $family $table"
    done
}

# Why this server is unreachable from outside; nothing when all three ports are open.
firewall_problem() {
  iptables_blocks iptables
  if ip -6 route get 2001:db8::1 &>/dev/null; then iptables_blocks ip6tables | sed 's/$/ (IPv6)/'; fi
  if ufw_is_active && ! ufw status | grep -Eq '^(443|80,443)[^ ]* +ALLOW'; then echo '443 is closed by ufw'; fi
  nftables_blocks
}

# Opens the ports where the host's firewall closes them: in the kernel, and in the file that is loaded at boot.
open_firewall() {
  local tool blocked file=/etc/iptables/rules.v4
  if ufw_is_active; then
    ufw allow 80,443,8448/tcp >/dev/null && say 'ufw: 80, 443 and 8448 are open'
  fi
  for tool in iptables ip6tables; do
    [ $tool = iptables ] || file=/etc/iptables/rules.v6
    blocked=$(iptables_blocks $tool)
    if [ "$blocked" ]; then
      say "$tool: port $blocked; 80, 443 and 8448 are opened"
      # shellcheck disable=SC2086 # words are meant
      $tool -w 10 -I INPUT $PORT_RULE || continue
      [ ! -s $file ] || persist_firewall_rule $file
    fi
  done
}

# Inserts the rule before the first one of INPUT in a file of iptables-save, which is loaded at each boot.
persist_firewall_rule() { # FILE
  ! grep -qxF -- "-A INPUT $PORT_RULE" "$1" || return 0
  # shellcheck disable=SC2016 # awk's own
  edit_file "$1" awk -v rule="-A INPUT $PORT_RULE" '
    /^\*/ { inside = $0 == "*filter" }
    inside && !done && (/^-A INPUT/ || /^COMMIT/) { print rule; done = 1 }
    { print }'
}

# For the timer: what is still closed.
update_firewall_fact() {
  local blocked
  blocked=$(firewall_problem | head -n 1) || :
  update_fact firewall "${blocked:+port $blocked}" "${blocked:+port $blocked: unreachable; open 80, 443 and 8448}"
}
