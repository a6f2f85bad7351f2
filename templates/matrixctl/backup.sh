# shellcheck shell=bash
# --- backups

# PostgreSQL stops on a full disk, so this much stays free, in megabytes.
RESERVE=512

# Writes a program's dump into a file: the whole database except the one-time keys, which devices have used up since.
dump_database() { # FILE
  (
    keep_reserve "$(dirname "$1")" &&
      run timeout 12h docker exec matrix-db-1 pg_dump -U synapse -Fc --exclude-table-data=e2e_one_time_keys_json synapse >"$1"
  ) || return
  sync "$1"
}

# Synapse owns its database and can redefine functions and operators there, and bash's arithmetic runs commands inside
# a text: only a number is accepted. Not in a subshell, which would lose the reason of a failure.
measure_database() {
  local size
  size=$(sql -c "SELECT pg_catalog.pg_database_size('synapse'::pg_catalog.name)") || die 'the database does not answer'
  [[ $size =~ ^[1-9][0-9]{0,14}$ ]] || die 'the database does not tell its size'
  DATABASE_MB=$((size / 1048576))
}

# Whether a backup fits there in the worst case: all media, and the dump next to the file and in it.
require_space_for_backup() { # DIRECTORY
  local media
  measure_database
  media=$(as_synapse du -sk --apparent-size . 2>/dev/null | awk '{ print int($1 / 1024) }') || :
  require_space "$1" $((${media:-0} + 2 * DATABASE_MB + 50 + RESERVE)) 'for a backup'
}

# The backups that the timer made, oldest first, NUL-separated. It ignores the owner's other files in the directory.
nightly_backups() {
  find $BACKUPS -maxdepth 1 -type f -regextype posix-extended -regex '.*/matrix-[0-9]{8}-[0-9]{6}\.tar\.gz' -print0 | sort -z
}

# Removes the oldest backups until this many are left, and never the newest.
prune_backups() { # NUMBER
  local all surplus
  mapfile -d '' -t all < <(nightly_backups)
  surplus=$((${#all[@]} - ($1 > 1 ? $1 : 1)))
  [ $surplus -le 0 ] || rm -f -- "${all[@]:0:surplus}"
}

# What a killed backup left.
remove_partial_backups() {
  local place
  for place in $BACKUPS "$(cat "$LIB/backup-place" 2>/dev/null)"; do
    [ ! -d "$place" ] || find "$place" -maxdepth 1 -type d -user root -name '.matrix-backup.??????' -exec rm -rf -- {} +
  done
  rm -f "$LIB/backup-place"
}

# Writes Synapse's files as the members of a tar archive, without its end, and their checksums to descriptor 3. It lists
# what it omits on standard error. One pass: it reads each file once. Links, pipes and devices are not Synapse's files.
# It omits a file that changes during the reading, and stores the existing part of one that is too large to hold.
# Python gives the name of an unreadable folder without its path.
# It also omits media of other servers and previews of pages: Synapse fetches them again.
# Python reads this program from standard input and runs with Synapse's rights. It opens each file by its name in the
# open directory (dir_fd) and follows no link.
archive_files() {
  as_synapse timeout 12h /usr/bin/python3 -I - <<'PYTHON'
import hashlib, os, stat, sys, tarfile

out, sums = sys.stdout.buffer, os.fdopen(3, "wb")
skipped_folders = {b"./media_store/" + name for name in (b"remote_content", b"remote_thumbnail", b"url_cache", b"url_cache_thumbnails")}
skipped_files = {b"./homeserver.yaml", b"./pgpass"}
HELD = 1 << 26
PIECE = 1 << 20

def left_out(path, why):
    name = os.fsencode(path[2:]).decode("utf-8", "replace")
    print("".join(c if c.isprintable() else "?" for c in name) + ": " + why, file=sys.stderr)

def folder_left_out(error):
    left_out("./" + os.fsdecode(error.filename or b"?"), error.strerror)

def header(text, status):
    member = tarfile.TarInfo("files/" + text[2:])
    member.size, member.mtime, member.mode = status.st_size, int(status.st_mtime), status.st_mode & 0o777
    member.uid = member.gid = 991
    return member.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")

def pieces(file, text, size):
    while size:
        piece = file.read(min(size, PIECE))
        if not piece:
            left_out(text, "shrank while it was read; the end is zeros")
            piece = bytes(min(size, PIECE))
        size -= len(piece)
        yield piece

def note_sum(text, digest):
    shown = os.fsencode("files/" + text[2:])
    mark = b"\\" if b"\\" in shown or b"\n" in shown or b"\r" in shown else b""
    shown = shown.replace(b"\\", b"\\\\").replace(b"\n", b"\\n").replace(b"\r", b"\\r")
    sums.write(mark + digest.hexdigest().encode() + b"  " + shown + b"\n")

def archive(file, text):
    before = os.fstat(file.fileno())
    if not stat.S_ISREG(before.st_mode):
        return left_out(text, "not a file")
    if before.st_size <= HELD:
        content = [file.read(before.st_size)]
        after = os.fstat(file.fileno())
        if len(content[0]) != before.st_size or after.st_size != before.st_size or after.st_mtime_ns != before.st_mtime_ns:
            return left_out(text, "changed while it was read")
    else:
        content = pieces(file, text, before.st_size)
    digest = hashlib.sha256()
    out.write(header(text, before))
    for piece in content:
        digest.update(piece)
        out.write(piece)
    out.write(bytes(-before.st_size % 512))
    note_sum(text, digest)

for top, folders, names, at in os.fwalk(b".", onerror=folder_left_out):
    folders[:] = sorted(name for name in folders if top + b"/" + name not in skipped_folders)
    for name in sorted(names):
        path = top + b"/" + name
        text = os.fsdecode(path)
        if path in skipped_files or name.startswith(b".matrixctl-"):
            continue
        try:
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=at)
        except OSError as error:
            left_out(text, error.strerror)
            continue
        with os.fdopen(file, "rb") as file:
            archive(file, text)
out.flush()
sums.close()
PYTHON
}

# The configuration, for a person to look up, and what only this server knows: passwords, and the key of a certificate
# authority of its own.
backup_config() { # DIRECTORY
  local password
  mkdir "$1"
  cp -aL "$BASE_DIR"/{docker-compose.yml,element-config.json,db-password} /etc/gen-cloudinit.env /root/nginx /data/nginx "$1" ||
    say 'some of the configuration cannot be copied and is left out' >&2
  find "$1" ! -type d ! -type f -delete
  synapse_read homeserver.yaml >"$1/homeserver.yaml" || say 'homeserver.yaml cannot be read and is left out' >&2
  for password in /root/matrix-admin-password /root/matrix-password-*; do
    [ ! -f "$password" ] || [ -L "$password" ] || cp -a -- "$password" "$1"
  done
  if grep -qxF 'USE_LOCAL_CA=1' /data/nginx/nginx-certbot.env; then
    timeout 60 docker exec nginx-nginx-1 tar -C /etc/letsencrypt -cf - local_ca | head -c 1000000 >"$1/local_ca.tar" ||
      say 'the local certificate authority is left out: nginx does not run' >&2
  fi
}

# Puts the parts and Synapse's files into the archive $PART/new.
write_archive() {
  (cd "$PART" && find manifest.json database config -type f -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS.own)
  {
    archive_files 2>"$PART/left-out" 3>"$PART/SHA256SUMS.files"
    cat "$PART/SHA256SUMS.own" "$PART/SHA256SUMS.files" >"$PART/SHA256SUMS"
    tar -C "$PART" -cf - SHA256SUMS manifest.json database config
  } | (keep_reserve "$PART" && gzip -c >"$PART/new")
}

# One file, 0600: the database first, then Synapse's files, so that each row of the dump finds its file.
write_backup() { # [FILE [anyhow]]
  local to name left_out
  name=matrix-$(date -u +%Y%m%d-%H%M%S).tar.gz
  umask 077
  install -d -m 0700 $BACKUPS
  STEP='looking for room'
  trap 'on_exit clean_up_backup' EXIT
  remove_partial_backups
  to=$(realpath -m -- "${1:-$BACKUPS/$name}")
  [ ! -d "$to" ] || to=$to/$name
  RECORD+=" $to"
  [ ! -e "$to" ] || [ -f "$to" ] || die "$to is not a regular file"
  # The state that a restore replaces is backed up in any condition.
  [ "${2-}" = anyhow ] || synapse_has "$SERVER_NAME.signing.key" ||
    die "there is no $DATA/$SERVER_NAME.signing.key, or it is a link: put the key itself there"
  [ "${1-}" ] || [ ! "${BACKUP_KEEP-}" ] || prune_backups $((BACKUP_KEEP - 1))
  require_space_for_backup "$(dirname "$to")"
  dirname "$to" | replace_file "$LIB/backup-place" 600
  PART=$(mktemp -d "$(dirname "$to")/.matrix-backup.XXXXXX")
  STEP='dumping the database'
  dump_database "$PART/database"
  STEP='copying the configuration'
  backup_config "$PART/config"
  printf '{"generator":%s,"domain":%s,"server_name":"%s","made":"%s"}\n' "$(json_string "$VERSION")" "$(json_string "$DOMAIN")" \
    "$SERVER_NAME" "$(date -u +%FT%TZ)" >"$PART/manifest.json"
  STEP='writing the archive'
  write_archive
  left_out=$(wc -l <"$PART/left-out")
  [ "$left_out" = 0 ] || head -n 20 "$PART/left-out" | sed 's/^/gen-cloudinit: left out: /' >&2
  sync "$PART/new"
  mv -T -- "$PART/new" "$to"
  rm -rf -- "$PART" "$LIB/backup-place"
  PART=''
  STEP=''
  set_fact backup "$to, $(date -u +%FT%TZ)$([ "$left_out" = 0 ] || echo ", $left_out files left out")"
  set_fact backup_error ''
  write_state
  say "backup: $to$([ "$left_out" = 0 ] || echo ", $left_out files left out")"
  [ "${1-}" ] || [ ! "${BACKUP_KEEP-}" ] || prune_backups "$BACKUP_KEEP"
}

# However a backup ends, no partial file stays, and the state file has the reason.
PART=''
clean_up_backup() {
  [ ! "$PART" ] || rm -rf -- "$PART"
  if [ "$STEP" ]; then
    set_fact backup_error "$(date -u +%FT%TZ) ${WHY:-$STEP failed}"
    write_state
    [ "$WHY" ] || say "failed: the backup failed while $STEP" >&2
  fi
}
