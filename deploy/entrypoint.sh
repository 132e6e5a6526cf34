#!/bin/bash
# Turns the secrets that only environment variables can carry into such, then starts a program or one of
# Airflow's own commands. Airflow's own secrets are read by its `_CMD` settings.
set -euo pipefail

read_secret() { [ -r "/run/secrets/$1" ] && cat "/run/secrets/$1"; }

if password=$(read_secret warehouse_password); then
    export KHO_WAREHOUSE_URL="postgresql://warehouse:$password@postgres:5432/warehouse"
fi
# A file per source, called as its connection: a new source needs no change here.
for file in /run/connections/*; do
    [ -r "$file" ] || continue
    name=$(basename "$file")
    export "AIRFLOW_CONN_${name^^}=$(cat "$file")"
done
if password=$(read_secret admin_password); then
    # Airflow opens this file for writing, which it may not do with a secret.
    passwords=$(mktemp)
    printf '{"admin": "%s"}\n' "$password" >"$passwords"
    export AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE="$passwords"
fi

case "${1:-}" in
    airflow | bash | kho) exec "$@" ;;
    *) exec airflow "$@" ;;
esac
