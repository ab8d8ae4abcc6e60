_fructosa_nodes() {
  # Print the configured nodes that begin with $1, or with what follows its last comma. Print
  # nothing if lmaster fails or needs more than 2 s.
  local before="" config=() at
  [[ $1 == *,* ]] && before=${1%,*},
  for ((at = 1; at < COMP_CWORD; at++)); do
    [[ ${COMP_WORDS[at]} == -c || ${COMP_WORDS[at]} == --config ]] || continue
    [[ ${COMP_WORDS[at + 1]} == "=" ]] && ((at++))
    config=(-c "${COMP_WORDS[at + 1]/#\~\//$HOME/}")
  done
  compgen -P "$before" -W "$(timeout 2 "${COMP_WORDS[0]/#\~\//$HOME/}" targets --hosts \
    "${config[@]}" 2>/dev/null </dev/null)" -- "${1##*,}"
}
