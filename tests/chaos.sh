#!/usr/bin/env bash
# Disturbs the built program in seeded ways (killed, paused, its clock set, its disk full, its database away, one of three frozen) and checks
# afterwards that nobody was lost, written to twice or recorded otherwise than the provider says. Prints a table; exit code 1 when a promise broke.
#
#   tests/chaos.sh --seed 7                              everything: 20,000 recipients, 30 kills
#   tests/chaos.sh --seed 7 --scenario kill --database sqlite
#   tests/chaos.sh --seed 7 --recipients 1000 --kills 3  a short one
#   tests/chaos.sh --no-build ...                        what was built last
#
# --scenario takes a whole name or the beginning of several; --database is sqlite, postgres or cluster (three processes on one PostgreSQL).
# As tests/run.sh it brings up a private PostgreSQL, installs what is missing when it may, and stops and deletes everything again.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
source tests/tools.sh

WORK=$(mktemp -d "${TMPDIR:-/tmp}/broadcasts-chaos.XXXXXX") || exit 1
chmod 711 "$WORK" # the server's own user must reach its folder in here
child=

finish() {
    [ -n "$child" ] && kill "$child" 2>/dev/null && wait "$child"
    stop_postgres
    rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

say() { printf '%s\n' "$*" >&2; }

build=yes
if [ "${1:-}" = --no-build ]; then
    build=
    shift
fi

find_chaos_tools
start_postgres
for what in "${missing[@]}"; do say "Not available: $what"; done
if [ -n "$build" ]; then
    say "== build"
    if ! dotnet build tests/Chaos --configuration Release -nologo -verbosity:quiet -nodeReuse:false -p:UseSharedCompilation=false >"$WORK/build.log" 2>&1; then
        grep -aE 'error|warn' "$WORK/build.log" | sort -u | head -40 >&2
        exit 1
    fi
fi

export TMPDIR="$WORK"
artifacts/bin/Broadcasts.Chaos/release/Broadcasts.Chaos "$@" </dev/null &
child=$!
wait "$child"
code=$?
child=
exit $code
