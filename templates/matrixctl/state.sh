# shellcheck shell=bash
# --- the state file, which Terraform, CI and people wait on

# Each fact is a file, replaced whole; state.json is made of them. A full disk leaves the former facts.
note() { # FACT TEXT
  printf '%s\n' "$2" | replace "$LIB/facts/$1" 644 2>/dev/null || :
}
fact() { [ ! -e "$LIB/facts/$1" ] || printf '%s\n' "$(<"$LIB/facts/$1")"; }

# A JSON string. Of what others say only ASCII stays, for half a letter would make the file unreadable.
json() { # TEXT
  local LC_ALL=C
  local text=${1//[[:cntrl:]]/} backslash=\\
  text=${text//[^ -~]/?}
  text=${text//"$backslash"/"$backslash$backslash"}
  printf '"%s"' "${text//'"'/"$backslash"'"'}"
}

# Puts Docker Engine's release into ENGINE, once for each run of the script; nothing while Docker is not there.
ENGINE=''
know_engine() {
  [ "$ENGINE" ] || ENGINE=$(timeout 20 docker version -f '{{.Server.Version}}' 2>/dev/null) || ENGINE=''
}

# Writes state.json. phase is preparing, installing, pulling, starting, ready or failed.
render() {
  local text name
  know_engine
  text='{'
  for name in phase since error; do text+="\"$name\":$(json "$(fact $name)"),"; done
  text+="\"domain\":$(json "$DOMAIN"),\"server_name\":$(json "$SERVER_NAME"),"
  for name in certificate backup backup_error disk firewall; do text+="\"$name\":$(json "$(fact $name)"),"; done
  text+="\"generator\":$(json "$VERSION"),"
  text+="\"docker\":$(json "$ENGINE"),"
  text+="\"images\":{$(images '{{json .Config.Image}}:{{json .Image}}' 2>/dev/null | paste -sd ,)}}"
  printf '%s\n' "$text" | replace $LIB/state.json 644 || say 'the state file cannot be written' >&2
}

state() { # PHASE [ERROR]
  note phase "$1"
  note since "$(date -u +%FT%TZ)"
  note error "${2-}"
  render
  say "$1: ${2:-https://$DOMAIN/}"
}

# Notes a fact and says it, when it is another than before.
changed() { # FACT TEXT [WORDS]
  [ "$(fact "$1")" != "$2" ] || return 0
  note "$1" "$2"
  render
  [ ! "${3-}" ] || say "$3"
}
