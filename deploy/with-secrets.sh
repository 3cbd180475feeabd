#!/bin/sh
# Start a command with its secrets: for each NAME_FILE that is set, the variable NAME is the content of that file.
# Without any SECRET_KEY one is made in the project's folder, so that a first start needs no preparation.
set -eu

for name in SECRET_KEY DATABASE_URL REDIS_URL OPENAI_API_KEY AZURE_OPENAI_API_KEY; do
  eval "file=\${${name}_FILE:-}"
  [ -n "$file" ] || continue
  if [ ! -r "$file" ]; then
    echo "with-secrets: ${name}_FILE names $file, which can't be read; mount the secret there" >&2
    exit 2
  fi
  value=$(cat "$file")
  export "$name=$value"
  unset "${name}_FILE"
done

if [ -z "${SECRET_KEY:-}" ]; then
  kept="${VERITRAIN_HOME:-.}/.secret_key"
  if [ ! -s "$kept" ]; then
    (umask 077 && python -c "import secrets; print(secrets.token_urlsafe(48))" > "$kept.$$" && ln "$kept.$$" "$kept" 2>/dev/null) || true
    rm -f "$kept.$$"
  fi
  SECRET_KEY=$(cat "$kept")
  export SECRET_KEY
fi

exec "$@"
