# Made by shtab from the command line's declarations, by `make docs`; changes here are lost.

function _shtab_lmaster_scan
  set -g _shtab_lmaster_cmdpath ''
  set -g _shtab_lmaster_npos 0
  set -l tokens (commandline -opc)
  set -e tokens[1]
  set -l expect_value 0
  for t in $tokens
    if test $expect_value -eq 1
      set expect_value 0
      continue
    end
    switch "$t"
      case '--*=*'
        continue
      case '-*'
        if contains -- $t $_shtab_lmaster_opts_with_value
          set expect_value 1
        end
        continue
      case '*'
        if test $_shtab_lmaster_npos -eq 0
          set -l candidate $t
          if test -n "$_shtab_lmaster_cmdpath"
            set candidate "$_shtab_lmaster_cmdpath $t"
          end
          if contains -- $candidate $_shtab_lmaster_commands
            set -g _shtab_lmaster_cmdpath $candidate
            continue
          end
        end
        set -g _shtab_lmaster_npos (math $_shtab_lmaster_npos + 1)
    end
  end
end

# Condition helper: true if the current (sub)command path equals the given one.
function _shtab_lmaster_using
  _shtab_lmaster_scan
  test "$_shtab_lmaster_cmdpath" = "$argv"
end

set -g _shtab_lmaster_commands scrape start stop restart status ping agents 'agents start' 'agents stop' 'agents restart' 'agents status' nodes reload targets schemas dashboards check
set -g _shtab_lmaster_opts_with_value --ca --carbon-conf --config --data --fan-out --for --graphite --graphite-url --host --interval --node --output --password-file --pid-file --port --prometheus-url --push --read-at --rules --series --state --timeout --token-file --url --user -c -p

complete -c lmaster -e
complete -c lmaster -f

complete -c lmaster -n _shtab_lmaster_using -s h -l help -d 'show this help message and exit'
complete -c lmaster -n _shtab_lmaster_using -l version -d 'show program'"'"'s version number and exit'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a scrape -d 'Scrape the nodes, in the foreground.'
complete -c lmaster -n '_shtab_lmaster_using scrape' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using scrape' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l node -x -d 'scrape this node instead of the configured ones; can be repeated (default port: 9888)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l graphite -x -d 'send to this carbon, in the pickle format, or as plaintext if the port is 2003 (default port: 2004)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l interval -x -d 'scrape interval of the nodes of --node (default: 10)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l data -xka "(__fish_complete_directories)" -d 'data directory; without a configuration file, points are stored there too'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l host -x -d 'address of the status page (default: that of the file, or localhost)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l port -x -d 'port of the status page, 0 for a free one (default: that of the file, or 9889)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l once -d 'scrape each node once, and exit'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a start -d 'Start the daemon in the background.'
complete -c lmaster -n '_shtab_lmaster_using start' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using start' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using start' -l node -x -d 'scrape this node instead of the configured ones; can be repeated (default port: 9888)'
complete -c lmaster -n '_shtab_lmaster_using start' -l graphite -x -d 'send to this carbon, in the pickle format, or as plaintext if the port is 2003 (default port: 2004)'
complete -c lmaster -n '_shtab_lmaster_using start' -l interval -x -d 'scrape interval of the nodes of --node (default: 10)'
complete -c lmaster -n '_shtab_lmaster_using start' -l data -xka "(__fish_complete_directories)" -d 'data directory; without a configuration file, points are stored there too'
complete -c lmaster -n '_shtab_lmaster_using start' -l host -x -d 'address of the status page (default: that of the file, or localhost)'
complete -c lmaster -n '_shtab_lmaster_using start' -l port -x -d 'port of the status page, 0 for a free one (default: that of the file, or 9889)'
complete -c lmaster -n '_shtab_lmaster_using start' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'pid file (default: as configured; if unset, /run/fructosa/lmaster.pid for root, and one in $XDG_RUNTIME_DIR or /tmp for other users)'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a stop -d 'Stop the daemon; it is killed if it does not exit in time.'
complete -c lmaster -n '_shtab_lmaster_using stop' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using stop' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using stop' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'pid file (default: as configured; if unset, /run/fructosa/lmaster.pid for root, and one in $XDG_RUNTIME_DIR or /tmp for other users)'
complete -c lmaster -n '_shtab_lmaster_using stop' -l timeout -x -d 'time to exit before it is killed (default: 20)'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a restart -d 'Stop the daemon and start it again, unless the configuration is invalid.'
complete -c lmaster -n '_shtab_lmaster_using restart' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using restart' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l node -x -d 'scrape this node instead of the configured ones; can be repeated (default port: 9888)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l graphite -x -d 'send to this carbon, in the pickle format, or as plaintext if the port is 2003 (default port: 2004)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l interval -x -d 'scrape interval of the nodes of --node (default: 10)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l data -xka "(__fish_complete_directories)" -d 'data directory; without a configuration file, points are stored there too'
complete -c lmaster -n '_shtab_lmaster_using restart' -l host -x -d 'address of the status page (default: that of the file, or localhost)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l port -x -d 'port of the status page, 0 for a free one (default: that of the file, or 9889)'
complete -c lmaster -n '_shtab_lmaster_using restart' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'pid file (default: as configured; if unset, /run/fructosa/lmaster.pid for root, and one in $XDG_RUNTIME_DIR or /tmp for other users)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l timeout -x -d 'time to exit before it is killed (default: 20)'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a status -d 'Report whether the daemon runs, its pid and its addresses.'
complete -c lmaster -n '_shtab_lmaster_using status' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using status' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using status' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'pid file (default: as configured; if unset, /run/fructosa/lmaster.pid for root, and one in $XDG_RUNTIME_DIR or /tmp for other users)'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a ping -d 'Scrape every configured node once, and show which of them fail.'
complete -c lmaster -n '_shtab_lmaster_using ping' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using ping' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using ping' -s q -l quiet -d 'show only nodes that fail'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a agents -d 'Start, stop or check lagent on the configured nodes, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents; and test $_shtab_lmaster_npos -eq 0' -a start -d 'Start lagent on nodes, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents start' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents start' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using agents start' -l timeout -x -d 'how long each node may take (default: timeout in [agents], or 60)'
complete -c lmaster -n '_shtab_lmaster_using agents start' -l fan-out -x -d 'how many nodes to contact at a time (default: fan out in [agents], or 64)'
complete -c lmaster -n '_shtab_lmaster_using agents start' -l dry-run -d 'print what would be run, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using agents; and test $_shtab_lmaster_npos -eq 0' -a stop -d 'Stop lagent on nodes, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -l timeout -x -d 'how long each node may take (default: timeout in [agents], or 60)'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -l fan-out -x -d 'how many nodes to contact at a time (default: fan out in [agents], or 64)'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -l dry-run -d 'print what would be run, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using agents; and test $_shtab_lmaster_npos -eq 0' -a restart -d 'Restart lagent on nodes, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -l timeout -x -d 'how long each node may take (default: timeout in [agents], or 60)'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -l fan-out -x -d 'how many nodes to contact at a time (default: fan out in [agents], or 64)'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -l dry-run -d 'print what would be run, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using agents; and test $_shtab_lmaster_npos -eq 0' -a status -d 'Show on which nodes lagent runs, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents status' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents status' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using agents status' -l timeout -x -d 'how long each node may take (default: timeout in [agents], or 60)'
complete -c lmaster -n '_shtab_lmaster_using agents status' -l fan-out -x -d 'how many nodes to contact at a time (default: fan out in [agents], or 64)'
complete -c lmaster -n '_shtab_lmaster_using agents status' -l dry-run -d 'print what would be run, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a nodes -d 'List the targets of the running lmaster, failed ones first.'
complete -c lmaster -n '_shtab_lmaster_using nodes' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l state -xka "down waiting up" -d 'only targets in this state'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l json -d 'print JSON with all fields'
complete -c lmaster -n '_shtab_lmaster_using nodes' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l url -x -d 'URL of lmaster (default: that of the file, or http://localhost:9889)'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l ca -xka "(__fish_complete_path (commandline -ct))" -d 'CA of lmaster'"'"'s certificate (default: the CAs of this system)'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l user -x -d 'user name, if lmaster has a [web] users file'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l password-file -xka "(__fish_complete_path (commandline -ct))" -d 'file with the password of that user, in one line'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a reload -d 'Make the running lmaster reload its configuration; if it is invalid, the previous one stays in use.'
complete -c lmaster -n '_shtab_lmaster_using reload' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using reload' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using reload' -l url -x -d 'URL of lmaster (default: that of the file, or http://localhost:9889)'
complete -c lmaster -n '_shtab_lmaster_using reload' -l ca -xka "(__fish_complete_path (commandline -ct))" -d 'CA of lmaster'"'"'s certificate (default: the CAs of this system)'
complete -c lmaster -n '_shtab_lmaster_using reload' -l user -x -d 'user name, if lmaster has a [web] users file'
complete -c lmaster -n '_shtab_lmaster_using reload' -l password-file -xka "(__fish_complete_path (commandline -ct))" -d 'file with the password of that user, in one line'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a targets -d 'Print the targets for Prometheus, as file_sd JSON.'
complete -c lmaster -n '_shtab_lmaster_using targets' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using targets' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using targets' -l output -xka "(__fish_complete_path (commandline -ct))" -d 'replace this file atomically; Prometheus needs a name that ends in .json'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a schemas -d 'Print carbon'"'"'s storage-schemas.conf and storage-aggregation.conf for the intervals in use.'
complete -c lmaster -n '_shtab_lmaster_using schemas' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using schemas' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using schemas' -l output -xka "(__fish_complete_directories)" -d 'write the two files to this directory; lmaster overwrites only its own files'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a dashboards -d 'Write dashboards for Grafana and rules for Prometheus, or upload the dashboards.'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l output -xka "(__fish_complete_directories)" -d 'write data sources and dashboards for Grafana to this directory'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l read-at -xka "(__fish_complete_directories)" -d 'directory from which Grafana will read these files, if you copy them to another place (default: the directory of --output)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l rules -xka "(__fish_complete_directories)" -d 'write recording and alerting rules for Prometheus to this directory'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l push -x -d 'push the dashboards to a running Grafana'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l for -xka "graphite prometheus" -d 'write or push only what this type of data source needs (default: both)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l graphite-url -x -d 'URL at which Grafana reaches Graphite (default: http://localhost:8080)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l prometheus-url -x -d 'URL at which Grafana reaches Prometheus (default: http://localhost:9090)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l token-file -xka "(__fish_complete_path (commandline -ct))" -d 'file with the token of a Grafana service account for --push, in one line'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l user -x -d 'Grafana user for --push, instead of a token'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l password-file -xka "(__fish_complete_path (commandline -ct))" -d 'file with the password of --user, in one line'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l ca -xka "(__fish_complete_path (commandline -ct))" -d 'PEM file of the CA to trust for --push (default: the CAs of the system)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l dry-run -d 'print what --push would do, but do not do it'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a check -d 'Check the configuration.'
complete -c lmaster -n '_shtab_lmaster_using check' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using check' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using check' -l example -d 'print an example with every key'
complete -c lmaster -n '_shtab_lmaster_using check' -l series -x -d 'assume this number of series per page, to estimate the load on carbon and disk (default: 1000; lmaster ping shows the samples of each node)'
complete -c lmaster -n '_shtab_lmaster_using check' -l carbon-conf -xka "(__fish_complete_path (commandline -ct))" -d 'carbon.conf with the limits of carbon (default: that of this machine)'
