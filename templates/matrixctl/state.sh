# shellcheck shell=bash
# --- the state file, which Terraform, CI and people wait for

# Each fact is a file, replaced completely; state.json is generated from them. A full disk keeps the former facts.
set_fact() { # FACT TEXT
  printf '%s\n' "$2" | replace_file "$LIB/facts/$1" 644 2>/dev/null || :
}
get_fact() { [ ! -e "$LIB/facts/$1" ] || printf '%s\n' "$(<"$LIB/facts/$1")"; }

# A JSON string. Of foreign text only ASCII stays, because part of a character would make the file unreadable.
json_string() { # TEXT
  local LC_ALL=C
  local text=${1//[[:cntrl:]]/} backslash=\\
  text=${text//[^ -~]/?}
  text=${text//"$backslash"/"$backslash$backslash"}
  printf '"%s"' "${text//'"'/"$backslash"'"'}"
}

# Puts Docker Engine's release into ENGINE, once per run of the script; nothing while Docker is missing.
ENGINE=''
detect_engine() {
  [ "$ENGINE" ] || ENGINE=$(timeout 20 docker version -f '{{.Server.Version}}' 2>/dev/null) || ENGINE=''
}

# Writes state.json. phase is preparing, installing, pulling, starting, ready or failed.
write_state() {
  local text name
  detect_engine
  text='{'
  for name in phase since error; do text+="\"$name\":$(json_string "$(get_fact $name)"),"; done
  text+="\"domain\":$(json_string "$DOMAIN"),\"server_name\":$(json_string "$SERVER_NAME"),"
  for name in certificate backup backup_error disk firewall; do text+="\"$name\":$(json_string "$(get_fact $name)"),"; done
  text+="\"generator\":$(json_string "$VERSION"),"
  text+="\"docker\":$(json_string "$ENGINE"),"
  text+="\"images\":{$(container_images '{{json .Config.Image}}:{{json .Image}}' 2>/dev/null | paste -sd ,)}}"
  printf '%s\n' "$text" | replace_file $LIB/state.json 644 || say 'the state file cannot be written' >&2
}

set_phase() { # PHASE [ERROR]
  set_fact phase "$1"
  set_fact since "$(date -u +%FT%TZ)"
  set_fact error "${2-}"
  write_state
  say "$1: ${2:-https://$DOMAIN/}"
}

# Records a fact, and reports it when it differs from the last one.
update_fact() { # FACT TEXT [WORDS]
  [ "$(get_fact "$1")" != "$2" ] || return 0
  set_fact "$1" "$2"
  write_state
  [ ! "${3-}" ] || say "$3"
}
