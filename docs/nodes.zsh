_fructosa_nodes() {
  # Add the configured nodes that begin with the word, or with what follows its last comma. Add
  # nothing if lmaster fails or needs more than 2 s.
  local -a config nodes
  local file=${opt_args[-c]:-${opt_args[--config]}}
  [[ -n $file ]] && config=(-c ${~file})
  nodes=(${(f)"$(timeout 2 lmaster targets --hosts $config 2>/dev/null </dev/null)"})
  compset -P '*,'
  compadd -a nodes
}
