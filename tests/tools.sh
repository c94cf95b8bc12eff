# Sourced by run.sh and chaos.sh: finds, installs and starts what the tests talk to.

missing=()
apt_updated=
postgres_bin=
postgres_user=

install_package() {
    [ -z "${BROADCASTS_TEST_NO_INSTALL:-}" ] && command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
    say "   installing $*"
    if [ -z "$apt_updated" ]; then
        apt_updated=yes
        timeout 300 apt-get update </dev/null >>"$WORK/apt.log" 2>&1 || say "   apt-get update failed; trying with the lists that are there"
    fi

    # Packages of servers start them when they are installed; this says no for the moment, where nobody has said anything yet.
    local policy=/usr/sbin/policy-rc.d ours=
    if [ ! -e $policy ]; then
        ours=yes
        printf '#!/bin/sh\nexit 101\n' >$policy && chmod 755 $policy
    fi
    # Only Postfix' test programs are wanted: without a configuration its daemon can't start.
    command -v debconf-set-selections >/dev/null && echo 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
    DEBIAN_FRONTEND=noninteractive timeout 600 apt-get install -y --no-install-recommends "$@" </dev/null >>"$WORK/apt.log" 2>&1
    local code=$?
    [ -n "$ours" ] && rm -f $policy
    [ $code -eq 0 ] || tail -n 5 "$WORK/apt.log"
    return $code
}

first_of() {
    local candidate
    for candidate in "$@"; do
        if candidate=$(command -v "$candidate"); then
            printf '%s\n' "$candidate"
            return 0
        fi
    done
    return 1
}

find_postgres() {
    local folder
    # Debian keeps the server's programs out of PATH; the newest version wins.
    for folder in $(ls -d /usr/lib/postgresql/*/bin /usr/pgsql-*/bin 2>/dev/null | sort -rV) $(dirname "$(command -v initdb 2>/dev/null || echo /nowhere/initdb)"); do
        if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ] && [ -x "$folder/postgres" ]; then
            postgres_bin=$folder
            return 0
        fi
    done
    return 1
}

find_smtp_sink() { BROADCASTS_TEST_SMTP_SINK=$(PATH="$PATH:/usr/sbin:/usr/local/sbin" first_of smtp-sink); }

find_chromium() { BROADCASTS_TEST_CHROMIUM=${BROADCASTS_TEST_CHROMIUM:-$(first_of chromium-headless-shell chromium chromium-browser google-chrome)} && [ -n "$BROADCASTS_TEST_CHROMIUM" ]; }

find_faketime() {
    local file
    for file in /usr/lib/*/faketime/libfaketime.so.1 /usr/lib64/faketime/libfaketime.so.1 /usr/lib/faketime/libfaketime.so.1; do
        [ -e "$file" ] && BROADCASTS_TEST_FAKETIME=$file && return 0
    done
    return 1
}

find_dotnet() {
    say "== tools"
    if ! command -v dotnet >/dev/null; then
        say "The .NET SDK is missing: install the version that global.json names."
        exit 1
    fi
}

# What the chaos suite needs: it brings up servers of its own too, to restart them.
find_chaos_tools() {
    find_dotnet
    find_postgres || { install_package postgresql && find_postgres; } || [ -n "${BROADCASTS_TEST_POSTGRES:-}" ] || missing+=("PostgreSQL server (package postgresql)")
    find_faketime || { install_package libfaketime && find_faketime; } || missing+=("libfaketime (package libfaketime)")
    export BROADCASTS_TEST_POSTGRES_BIN="${postgres_bin:-}" BROADCASTS_TEST_FAKETIME
}

find_tools() {
    find_chaos_tools
    find_chromium || { install_package chromium-headless-shell; find_chromium; } || { install_package chromium && find_chromium; } || missing+=("Chromium (package chromium)")
    find_smtp_sink || { install_package postfix && find_smtp_sink; } || missing+=("smtp-sink (package postfix)")
    export BROADCASTS_TEST_CHROMIUM BROADCASTS_TEST_SMTP_SINK
    say "   dotnet $(dotnet --version), postgres ${postgres_bin:-${BROADCASTS_TEST_POSTGRES:+given}}, chromium ${BROADCASTS_TEST_CHROMIUM:-none}, smtp-sink ${BROADCASTS_TEST_SMTP_SINK:-none}"
}

# PostgreSQL refuses to run as root.
as_postgres_user() {
    if [ -n "$postgres_user" ]; then
        (cd / && runuser -u "$postgres_user" -- "$@")
    else
        "$@"
    fi
}

is_port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

start_postgres() {
    [ -n "${BROADCASTS_TEST_POSTGRES:-}" ] || [ -z "$postgres_bin" ] && return
    local home="$WORK/postgres" password try port
    if [ "$(id -u)" = 0 ]; then
        postgres_user=$(getent passwd postgres nobody | head -1 | cut -d: -f1)
    fi
    mkdir "$home"
    password=$(head -c 18 /dev/urandom | base64 | tr -dc 'a-zA-Z0-9')
    printf '%s\n' "$password" >"$home/password"
    [ -n "$postgres_user" ] && chown -R "$postgres_user" "$home"
    if ! as_postgres_user "$postgres_bin/initdb" -D "$home/data" -U postgres -E UTF8 --locale=C.UTF-8 -A scram-sha-256 --pwfile="$home/password" </dev/null >"$home.log" 2>&1; then
        tail -n 20 "$home.log"
        missing+=("a PostgreSQL cluster (initdb failed)")
        return
    fi

    for try in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 12000)) # below the range from which the kernel gives ports out
        is_port_free $port || continue
        # Durable like a real one (fsync stays on: what is tested are crashes of ours), but small.
        if as_postgres_user "$postgres_bin/pg_ctl" -D "$home/data" -w -t 60 -l "$home/log" -o "-p $port -c listen_addresses=127.0.0.1 \
            -c unix_socket_directories=$home -c max_connections=200 -c shared_buffers=64MB -c max_wal_size=512MB" start </dev/null >>"$home.log" 2>&1; then
            export BROADCASTS_TEST_POSTGRES="Host=127.0.0.1;Port=$port;Username=postgres;Password=$password;Database=postgres"
            postgres_home=$home
            return
        fi
    done
    tail -n 20 "$home.log" "$home/log"
    missing+=("a PostgreSQL server (it did not start)")
}

stop_postgres() {
    # By the pid file in its own data folder: no other server is touched.
    [ -n "${postgres_home:-}" ] && as_postgres_user "$postgres_bin/pg_ctl" -D "$postgres_home/data" -m immediate -w -t 30 stop >/dev/null 2>&1
    postgres_home=
}
