#!/usr/bin/env bash
# Builds everything once (Release) and runs every test project under tests/.
#
#   tests/run.sh                     all projects
#   tests/run.sh Engine Host         only projects whose name contains one of the words
#   tests/run.sh --no-build Engine   what was built last
#
# Tests use real neighbours: a PostgreSQL server, the Chromium browser, Postfix' smtp-sink. What is missing is installed from the
# distribution when this runs as root on Debian or a relative; whatever runs is a private copy on loopback and is stopped again.
# A tool that can't be had makes its tests skip, except with CI=true: there it fails the run.
#
#   BROADCASTS_TEST_POSTGRES   use this server instead of a private one (a connection string of a role that may create databases)
#   BROADCASTS_TEST_NO_INSTALL when set, install nothing
#   BROADCASTS_TEST_LIMIT      seconds for the whole run (default 3600: three times what it takes on two quiet cores); no project gets more than half of them
#
# The last line is "N passed, N failed", with ", N skipped" when there are any.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1
source tests/tools.sh

CI=${CI:-}
LIMIT=${BROADCASTS_TEST_LIMIT:-3600}
WORK=$(mktemp -d "${TMPDIR:-/tmp}/broadcasts-tests.XXXXXX") || exit 1
chmod 711 "$WORK" # the server's own user must reach its folder in here
passed=0 failed=0 skipped=0 broken=() no_build=
if [ "${1:-}" = --no-build ]; then
    no_build=yes
    shift
fi

child=

# In the background and waited for: a signal to this script is then acted upon at once, and takes the child along.
run_limited() {
    local seconds=$1
    shift
    timeout --kill-after=15 "$seconds" "$@" </dev/null &
    child=$!
    wait $child
    local code=$?
    child=
    return $code
}

finish() {
    [ -n "$child" ] && kill "$child" 2>/dev/null && wait "$child"
    stop_postgres
    rm -rf "$WORK"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

say() { printf '%s\n' "$*"; }

# One number out of a runner's summary: xUnit's own ("Failed: 1,") or the testing platform's ("failed: 1" on a line).
count() { grep -aoiE "(^|[ ,])$2: *[0-9]+" "$1" | tail -1 | grep -oE '[0-9]+$' || echo 0; }

has_summary() { grep -aqiE '(^|[ ,])total: *[0-9]+' "$1"; }

build() {
    say "== build"
    # No build servers: they would outlive this script.
    local quiet=(--configuration Release -nologo -verbosity:quiet -nodeReuse:false -p:UseSharedCompilation=false)
    run_limited "$((LIMIT / 2))" dotnet build Broadcasts.sln "${quiet[@]}" >"$WORK/build.log" 2>&1
    local code=$?
    [ $code -eq 0 ] && return 0
    grep -aE 'error|warn' "$WORK/build.log" | sort -u | head -60
    [ -s "$WORK/build.log" ] || say "dotnet build printed nothing."
    say "The build failed (exit code $code): no test was run."
    return 1
}

run_project() {
    local project=$1 name log exe left limit code
    name=$(basename "$project" .csproj)
    log="$WORK/$name.log"
    exe="artifacts/bin/$name/release/$name"
    left=$((LIMIT - SECONDS))
    limit=$((left < LIMIT / 2 ? left : LIMIT / 2))
    if [ ! -x "$exe" ]; then
        fail_project "$name" "was not built: add it to Broadcasts.sln (dotnet sln add $project)"
        return
    fi
    if [ "$limit" -lt 5 ]; then
        fail_project "$name" "was not started: the run's $LIMIT s are used up"
        return
    fi

    local start=$SECONDS
    run_limited "$limit" "$exe" >"$log" 2>&1
    code=$?
    sed -i 's/\x1b\[[0-9;]*m//g' "$log"
    read_result "$name" "$log" "$code" "$limit" "$((SECONDS - start))"
}

read_result() {
    local name=$1 log=$2 code=$3 limit=$4 took=$5 total bad skip
    if ! has_summary "$log"; then
        show "$log"
        if [ "$code" -eq 124 ] || [ "$took" -ge "$limit" ]; then
            fail_project "$name" "did not end within $limit s"
        else
            fail_project "$name" "ended with exit code $code before its summary"
        fi
        return
    fi

    total=$(count "$log" total)
    bad=$(($(count "$log" failed) + $(count "$log" errors)))
    skip=$(count "$log" skipped)
    passed=$((passed + total - bad - skip))
    failed=$((failed + bad))
    skipped=$((skipped + skip))
    say "   $name: $((total - bad - skip)) passed, $bad failed, $skip skipped ($took s)"
    [ "$bad" -gt 0 ] || [ "$code" -ne 0 ] && show "$log"
    [ "$skip" -gt 0 ] && grep -aE '\[SKIP\]' -A1 "$log" | head -40
    if [ "$total" -eq 0 ]; then
        fail_project "$name" "ran no test"
    elif [ "$bad" -eq 0 ] && [ "$code" -ne 0 ]; then
        fail_project "$name" "ended with exit code $code although no test failed"
    fi
}

show() {
    say "---- output of $(basename "$1" .log)"
    tail -n 400 "$1"
    say "----"
}

# A project that crashes or hangs counts as one failure, so that the last line never looks green.
fail_project() {
    say "   $1 $2"
    broken+=("$1 $2")
    failed=$((failed + 1))
}

wanted() {
    [ $# -eq 1 ] && return 0
    local name=$1 word
    shift
    for word in "$@"; do
        [[ ${name,,} == *"${word,,}"* ]] && return 0
    done
    return 1
}

find_tools
start_postgres
[ -n "${missing[*]:-}" ] && [ "$CI" = true ] && for what in "${missing[@]}"; do
    fail_project "$what" "could not be had, and CI=true demands it"
done

# Whole collections and texts in failures: the first five of a list of broken links help nobody.
export XUNIT_PRINT_MAX_ENUMERABLE_LENGTH=0 XUNIT_PRINT_MAX_STRING_LENGTH=0

if [ -n "$no_build" ] || build; then
    say "== test"
    while IFS= read -r project; do
        wanted "$(basename "$project" .csproj)" "$@" && run_project "$project"
    done < <(find tests -name '*.Tests.csproj' -not -path '*/TestPlugins/*' | sort)
else
    broken+=("the build failed")
    failed=$((failed + 1))
fi

result=0
say "== result after $SECONDS s"
for what in "${missing[@]}"; do say "Not available: $what"; done
for what in "${broken[@]}"; do say "Broken: $what"; done
[ "$failed" -gt 0 ] && result=1
if [ "$((passed + failed))" -eq 0 ]; then
    say "No test was run."
    result=1
fi
if [ "$skipped" -gt 0 ] && [ "$CI" = true ]; then
    say "With CI=true no test may be skipped."
    result=1
fi
if [ "$skipped" -gt 0 ]; then
    say "$passed passed, $failed failed, $skipped skipped"
else
    say "$passed passed, $failed failed"
fi
exit $result
