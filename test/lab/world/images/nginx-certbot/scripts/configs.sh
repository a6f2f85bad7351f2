# shellcheck shell=bash
# What the image reads from nginx's configuration files, and how it turns them on and off. Sourced.
conf=/etc/nginx/conf.d
user_conf=/etc/nginx/user_conf.d

say() {
  echo "$(date '+%Y/%m/%d %T') [$1] $2"
}

# All configuration files, also those set aside, one per line.
config_files() {
  find -L "$conf" -name '*.conf*' -type f | sort
}

# Links each file of user_conf.d, at any depth, into conf.d, unless it is linked already (perhaps as .nokey).
link_user_configs() {
  local file link
  find "$conf" -xtype l -lname "$user_conf/*" -delete
  find "$user_conf" -type f 2>/dev/null | sort | while read -r file; do
    link=$conf/${file#"$user_conf"/}
    [[ -L $link || -L $link.nokey ]] && continue
    mkdir -p "${link%/*}"
    ln -s "$file" "$link"
    say info "Linked $link"
  done
}

# The values of a directive at the start of a line: directive NAME FILE
directive() {
  sed -nE "s#^[[:space:]]*$1[[:space:]]+([^;]*);.*#\\1#p" "$2" | sort -u
}

# The certificate files that a configuration needs and that are not there.
missing_files() {
  local name path
  for name in ssl_certificate_key ssl_certificate ssl_trusted_certificate ssl_dhparam; do
    for path in $(directive "$name" "$1"); do
      [[ $path == data:* || $path == engine:* || -s $path ]] || echo "$path"
    done
  done
}

# Sets aside what lacks a file, and brings back what lacks none.
enable_configs() {
  local file missing
  config_files | while read -r file; do
    missing=$(missing_files "$file")
    if [[ -z $missing && $file == *.nokey ]]; then
      say info "Enabling ${file%.nokey}"
      mv "$file" "${file%.nokey}"
    elif [[ -n $missing && $file == *.conf ]]; then
      say error "Disabling $file: missing or empty: ${missing//$'\n'/ }" >&2
      mv "$file" "$file.nokey"
    fi
  done
}

# The certificates that a file asks for: the NAMEs of ssl_certificate_key /etc/letsencrypt/live/NAME/privkey.pem.
certificate_names() {
  directive ssl_certificate_key "$1" | sed -nE 's#^/etc/letsencrypt/live/(.*)/privkey\.pem$#\1#p'
}

# The domains of a file in their order: all its server_name lines; "# certbot_domain:X" after one replaces its names;
# regular expressions and variables cannot be ordered and are left out.
domains() {
  local names comment name
  sed -nE 's/^[[:space:]]*server_name[[:space:]]+([^;]*);[[:space:]]*(#[[:space:]]*certbot_domain:([^[:space:]]+))?.*$/\1|\3/p' "$1" |
    while IFS='|' read -r names comment; do
      for name in ${comment:-$names}; do
        [[ $name == *'~'* || $name == *'$'* ]] || echo "$name"
      done
    done
}
