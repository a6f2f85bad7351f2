# shellcheck shell=bash
# --- downloads

# Runs a download until it works, with a growing pause, for half an hour at most.
retry() { # WHAT COMMAND...
  local pause=5 output why
  until output=$("${@:2}" 2>&1); do
    echo "$output"
    why=$(failure_reason "$output")
    case $why in
      '!'*) die "$1: ${why#!}" ;;
      # A mirror may lack an image of Docker Hub; containerd reports the same when only Docker Hub does not answer.
      'there is no such image'*) [ $SECONDS -lt 600 ] && [ "$(registry_mirrors)" != '[]' ] || die "$1: $why" ;;
    esac
    [ $SECONDS -lt 1800 ] || die "$1: $why"
    say "$1: $why; again in $pause s"
    sleep $pause
    [ $pause -gt 60 ] || pause=$((pause * 2))
  done
}

registry_mirrors() { timeout 20 docker info -f '{{.RegistryConfig.Mirrors}}' 2>/dev/null || echo '[]'; }

# Why a download failed, from the output of apt, docker or curl. A `!` before it means that a retry is useless. It knows
# the messages of both image stores of Docker: containerd's start with "failed to resolve reference", for any reason.
failure_reason() { # OUTPUT
  local last
  last=$(grep -E '^E: ' <<<"$1" | grep -v '^E: Some index files failed' | tail -n 1) || last=$(tail -n 1 <<<"$1")
  case $1 in
    *'Internal error: '*) sed -n 's/.*Internal error: /apt: /p' <<<"$1" | head -n 1 ;;
    *'E: The repository'*'is not signed'*) echo "!the repository is not signed with the document's key" ;;
    *'Hash Sum mismatch'*gpg*) echo "!the key at $DOCKER_APT_URL/gpg is not the one that the document names" ;;
    *'ile size limit exceeded'*) echo '!there is no room for it on the disk' ;;
    *'curl: (22) '*' error: 40'[134]* | *'curl: (22) '*' error: 410'*)
      last=${1##* error: }
      echo "!the server answers ${last:0:3}: the URL is wrong or has expired"
      ;;
    *toomanyrequests* | *' 429 '*) echo 'the registry limits downloads (429)' ;;
    *'manifest unknown'* | *'manifest for'*'not found'* | *'does not exist'*) echo '!there is no such image, or it is private' ;;
    *': not found'*) echo 'there is no such image' ;;
    *x509:* | *'certificate verif'* | *'SSL certificate'*) echo "the server's certificate is not trusted: ${last##*: }" ;;
    *' 40'[13]' '[A-Z]* | *' 40'[13]'  '[A-Z]* | *'HTTP 40'[13]* | *': 40'[13] | *denied* | *unauthorized*) echo "the server refuses access: $last" ;;
    *'no such host'* | *'server misbehaving'* | *'ould not resolve'* | *'wicked happened resolving'* | *'Temporary failure'* | *imeout* | *'timed out'* | \
      *'deadline exceeded'* | *unreachable* | *refused* | *'reset by peer'* | *': EOF'*) echo 'no answer, is the network up?' ;;
    *) echo "$last" ;;
  esac
}

# Pulls the missing images in parallel, without the lock: a pull that outlives this command would hold it.
pull_images() { # IMAGE...
  local image job jobs=()
  for image; do
    {
      docker image inspect "$image" &>/dev/null ||
        retry "pulling $image" timeout 1800 docker pull -q "$image"
    } 9>&- &
    jobs+=($!)
  done
  for job in "${jobs[@]}"; do
    if ! wait "$job"; then
      kill "${jobs[@]}" 2>/dev/null || :
      WHY=$(get_fact error)
      exit 1
    fi
  done
}
