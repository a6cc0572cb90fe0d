# Shared by every script: where things are, and how to speak. Sourced, never run.
# shellcheck shell=bash

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
CACHE=$ROOT/.cache
cd "$ROOT" || exit 1

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# HOME may be empty, or somebody else's: tools are found through PATH, and caches stay in .cache.
find_rust() {
  local cargo near owner
  cargo=$(command -v cargo) || return 0
  near=$(dirname "$(dirname "$cargo")")
  owner=$(getent passwd "$(id -u)" | cut -d: -f6)
  if [ -z "${CARGO_HOME:-}" ]; then
    # A cargo inside some .cargo/bin has its registry there; a system-wide one gets a folder of ours.
    if [ -w "$near" ] && [ "$(basename "$near")" = .cargo ]; then export CARGO_HOME=$near; else export CARGO_HOME=$CACHE/cargo; fi
  fi
  if [ -z "${RUSTUP_HOME:-}" ]; then
    local candidate
    for candidate in "$(dirname "$near")/.rustup" "$near/rustup" /usr/local/rustup "$owner/.rustup"; do
      if [ -d "$candidate/toolchains" ]; then export RUSTUP_HOME=$candidate; break; fi
    done
  fi
}
find_rust
export npm_config_cache=${npm_config_cache:-$CACHE/npm} npm_config_update_notifier=false npm_config_fund=false npm_config_audit=false
export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$CACHE/pip} PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
export TAPLINE_EMULATOR=${TAPLINE_EMULATOR:-$CACHE/emulator}
export PATH=$PATH:$CACHE/bin

# at_least 20.1 18 → true: the first version is the second or newer.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]; }

# The first Python of 3.13 or newer that can make a venv: PATH first, then pyenv's versions.
find_python() {
  local name path root
  local -a found=() roots=()
  for name in python3.13 python3.14 python3.15 python3 python; do
    while read -r path; do found+=("$path"); done < <(type -a -P "$name" 2>/dev/null)
  done
  [ -n "${PYENV_ROOT:-}" ] && roots+=("$PYENV_ROOT")
  path=$(command -v pyenv) && roots+=("$(dirname "$(dirname "$(readlink -f "$path")")")")
  while IFS= read -r path; do roots+=("${path%/shims}"); done < <(tr : '\n' <<<"$PATH" | grep '/shims$')
  for root in "${roots[@]}"; do
    for path in "$root"/versions/3.*/bin/python3; do [ -x "$path" ] && found+=("$path"); done
  done
  for path in "${found[@]}"; do
    if "$path" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 13))' 2>/dev/null; then
      # The interpreter itself, not a shim that may choose another one elsewhere.
      "$path" -c 'import sys; print(sys.executable)'
      return 0
    fi
  done
  return 1
}

# timed LABEL COMMAND...: runs it quietly, keeps its output, and prints it only when it fails.
timed() {
  local label=$1 start=$SECONDS log
  shift
  mkdir -p "$CACHE/logs"
  log=$CACHE/logs/$(tr -cs 'a-zA-Z0-9' - <<<"$label" | sed 's/^-//; s/-$//').log
  if "$@" >"$log" 2>&1; then
    say "  done: $label ($((SECONDS - start)) s)"
  else
    say "  FAILED: $label, after $((SECONDS - start)) s. What it said (all of it in ${log#"$ROOT"/}):"
    tail -n 40 "$log"
    return 1
  fi
}

build_ui() { timed "the UI's build" npm --prefix ui run build; }
