# shellcheck shell=bash
# What ./run and ./test need from the machine. Sourced; each need_… returns when it is there, installs it where that is
# possible without asking, or ends the script with one line that says what to do.

# Output may be a terminal that is gone; that must not keep us from stopping what we started.
say() { printf '%s\n' "$*" 2>/dev/null || true; }

die() {
    printf '%s\n' "$*" >&2 || true
    exit 1
}

need_dotnet() {
    export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1
    local place
    for place in "${DOTNET_ROOT:-}" "$HOME/.dotnet" /usr/share/dotnet /usr/lib/dotnet; do
        command -v dotnet >/dev/null && break
        [ -x "$place/dotnet" ] && PATH="$place:$PATH"
    done
    # Started in the repository, dotnet obeys its global.json: what it prints is an SDK that can build this, or nothing.
    dotnet --version >/dev/null 2>&1 ||
        die "The .NET SDK 10 is missing: install it (Ubuntu: apt-get install dotnet-sdk-10.0; others: https://dotnet.microsoft.com/download/dotnet/10.0), then try again."
}

# The places where Mcpx.Data/Embedded/PostgresBinaries.cs looks.
has_postgres() {
    # A folder that the operator named is judged by the application, which says what is wrong with it.
    [ -n "${MCPX_PG_BIN:-}" ] && return 0
    local folder folders major
    IFS=: read -ra folders <<<"$PATH"
    for folder in "${folders[@]}" /usr/lib/postgresql/*/bin; do
        if [ ! -x "$folder/postgres" ] || [ ! -x "$folder/initdb" ]; then continue; fi
        major=$("$folder/postgres" --version 2>/dev/null | sed -E 's/^[^0-9]*([0-9]+).*/\1/')
        [ "${major:-0}" -ge 15 ] && return 0
    done
    return 1
}

need_postgres() {
    has_postgres && return
    need_package postgresql "PostgreSQL 15 or newer" "or set ConnectionStrings__Mcpx to a PostgreSQL server"
    # The package starts a cluster of its own, which nobody asked for.
    if command -v pg_lsclusters >/dev/null; then
        pg_lsclusters --no-header | while read -r version name _ status _; do
            [ "$status" != online ] || pg_ctlcluster "$version" "$name" stop || true
        done
    fi
    has_postgres || die "This system's package postgresql is older than 15: install a newer one, or set ConnectionStrings__Mcpx to a PostgreSQL server."
}

need_chromium() {
    local name
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return
    done
    need_package chromium "Chromium" "or put a Chromium on PATH"
}

# The npm package brings the Node that the clients need; all that the system has to have is npm.
need_npm() { command -v npm >/dev/null || need_package npm "npm" "or put npm on PATH"; }

# need_package PACKAGE WHAT ALTERNATIVE
need_package() {
    command -v apt-get >/dev/null || die "$2 is missing: install it with this system's package manager, $3."
    [ "$(id -u)" = 0 ] || die "$2 is missing: run \`sudo apt-get install $1\`, $3."
    say "Installing $2 …"
    local log
    log=$(mktemp)
    apt_install "$1" >"$log" 2>&1 || { apt-get -qq update && apt_install "$1"; } >"$log" 2>&1 ||
        { tail -n 3 "$log" >&2; rm -f "$log"; die "$2 could not be installed: mend what apt-get says above, $3."; }
    rm -f "$log"
}

apt_install() { DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$1" </dev/null; }
