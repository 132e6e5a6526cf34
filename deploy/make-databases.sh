#!/bin/bash
# Runs inside the PostgreSQL container when its volume is new: one role and one database each for the
# warehouse and for Airflow. Nobody else may connect, but for logins that are given one of the warehouse's roles.
set -euo pipefail

for name in warehouse airflow; do
    psql --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres --quiet \
        --set=name="$name" --set=password="$(cat "/run/secrets/${name}_password")" <<'SQL'
create role :"name" login password :'password';
create database :"name" owner :"name" encoding 'UTF8' locale 'C.UTF-8' template template0;
revoke all on database :"name" from public;
SQL
done

# Roles to be granted to people; the migrations give them their rights.
psql --set=ON_ERROR_STOP=1 --username=postgres --dbname=postgres --quiet <<'SQL'
create role kho_loader nologin;
create role kho_steward nologin;
create role kho_analyst nologin;
create role kho_public nologin;
SQL
