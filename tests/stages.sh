# Functions for a set-up in stages: each is one line, which ends with the time it took.
# shellcheck shell=sh

# Print what a stage does, and about how long it takes.
begin() {
  printf '%s: ' "$1"
  stage_began=$(date +%s)
}

# Run a command of the stage; print its output only if it fails.
quietly() {
  stage_output=$("$@" 2>&1) || { printf 'failed\n%s\n' "$stage_output" >&2; return 1; }
}

# End the stage.
took() { echo "$(($(date +%s) - stage_began)) s"; }
