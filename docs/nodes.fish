function _fructosa_nodes
  # Print the configured nodes, with what precedes the last comma of the word. Print nothing if
  # lmaster fails or needs more than 2 s.
  set -l words (commandline -opc)
  set -l config
  for option in -c --config
    if set -l at (contains -i -- $option $words)
      set config -c (string replace -r '^~/' "$HOME/" -- $words[(math $at + 1)])
    end
  end
  set -l before (string match -r '.*,' -- (commandline -ct))
  for node in (timeout 2 $words[1] targets --hosts $config 2>/dev/null </dev/null)
    echo "$before$node"\tnode
  end
end
