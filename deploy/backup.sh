#!/bin/sh
# Back up the record: the database by pg_dump, then the files of runs and what was paid for. Repeats every
# BACKUP_EVERY_SECONDS (0: once) and keeps the newest BACKUP_KEEP backups.
# Variables: DATABASE_URL or DATABASE_URL_FILE, BACKUP_FOLDER (/backups), VERITRAIN_HOME (/data).
set -eu

folder=${BACKUP_FOLDER:-/backups}
home=${VERITRAIN_HOME:-/data}
every=${BACKUP_EVERY_SECONDS:-0}
keep=${BACKUP_KEEP:-14}

if [ -n "${DATABASE_URL_FILE:-}" ]; then
  DATABASE_URL=$(cat "$DATABASE_URL_FILE")
fi
: "${DATABASE_URL:?set DATABASE_URL or DATABASE_URL_FILE to the address of the record}"

# Anybody who may list processes reads their command lines, so the password goes by the environment.
address=$(printf %s "$DATABASE_URL" | sed -E 's#^([a-z]+://[^:/@]+):[^@]*@#\1@#')
password=$(printf %s "$DATABASE_URL" | sed -nE 's#^[a-z]+://[^:/@]+:([^@]*)@.*#\1#p')
case "$password" in
  *%*) echo "backup: the password in DATABASE_URL holds a %; use letters, digits, - and _" >&2; exit 2 ;;
esac
[ -z "$password" ] || export PGPASSWORD="$password"

back_up() {
  stamp=$(date -u +%Y%m%dT%H%M%SZ)
  part="$folder/.$stamp.part"
  rm -rf "$part"
  mkdir -p "$part" || return 1
  pg_dump --format=custom --file="$part/record.dump" --dbname="$address" || return 1
  set --
  for name in mlruns .veritrain/ledger.db .veritrain/fine_tuning.db .veritrain/approved; do
    [ -e "$home/$name" ] && set -- "$@" "$name"
  done
  [ "$#" -eq 0 ] || tar -C "$home" -czf "$part/files.tar.gz" "$@" || return 1
  mv "$part" "$folder/$stamp" || return 1
  echo "backup: $folder/$stamp"
  # The newest come first; whatever is beyond the number to keep is deleted.
  ls -1 "$folder" | sort -r | tail -n +"$((keep + 1))" | while read -r old; do rm -rf "${folder:?}/$old"; done
}

while :; do
  if ! back_up; then
    echo "backup: failed; the next attempt follows" >&2
    [ "$every" -gt 0 ] || exit 1
  fi
  [ "$every" -gt 0 ] || exit 0
  sleep "$every"
done
