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
complete -c lmaster -n '_shtab_lmaster_using scrape' -l node -x -d 'scrape this node, instead of those configured; may be repeated (port: 9888)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l graphite -x -d 'send to this carbon: pickle, or plaintext on port 2003 (port: 2004)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l interval -x -d 'time between two scrapes of a --node (default: 10)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l data -xka "(__fish_complete_directories)" -d 'data directory; without a configuration file the points are kept there'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l host -x -d 'address of the status page (default: that of the file, or localhost)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l port -x -d 'port of the status page, 0 for a free one (default: that of the file, or 9889)'
complete -c lmaster -n '_shtab_lmaster_using scrape' -l once -d 'scrape each node once, and end'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a start -d 'Start it in the background.'
complete -c lmaster -n '_shtab_lmaster_using start' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using start' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using start' -l node -x -d 'scrape this node, instead of those configured; may be repeated (port: 9888)'
complete -c lmaster -n '_shtab_lmaster_using start' -l graphite -x -d 'send to this carbon: pickle, or plaintext on port 2003 (port: 2004)'
complete -c lmaster -n '_shtab_lmaster_using start' -l interval -x -d 'time between two scrapes of a --node (default: 10)'
complete -c lmaster -n '_shtab_lmaster_using start' -l data -xka "(__fish_complete_directories)" -d 'data directory; without a configuration file the points are kept there'
complete -c lmaster -n '_shtab_lmaster_using start' -l host -x -d 'address of the status page (default: that of the file, or localhost)'
complete -c lmaster -n '_shtab_lmaster_using start' -l port -x -d 'port of the status page, 0 for a free one (default: that of the file, or 9889)'
complete -c lmaster -n '_shtab_lmaster_using start' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'where its pid is kept (default: that of the configuration, or /run/fructosa/lmaster.pid for root and one of your own for you)'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a stop -d 'End it; one that does not end in time is killed.'
complete -c lmaster -n '_shtab_lmaster_using stop' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using stop' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using stop' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'where its pid is kept (default: that of the configuration, or /run/fructosa/lmaster.pid for root and one of your own for you)'
complete -c lmaster -n '_shtab_lmaster_using stop' -l timeout -x -d 'how long it may take to end, before it is killed (default: 20)'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a restart -d 'End it and start it anew; a wrong configuration changes nothing.'
complete -c lmaster -n '_shtab_lmaster_using restart' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using restart' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l node -x -d 'scrape this node, instead of those configured; may be repeated (port: 9888)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l graphite -x -d 'send to this carbon: pickle, or plaintext on port 2003 (port: 2004)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l interval -x -d 'time between two scrapes of a --node (default: 10)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l data -xka "(__fish_complete_directories)" -d 'data directory; without a configuration file the points are kept there'
complete -c lmaster -n '_shtab_lmaster_using restart' -l host -x -d 'address of the status page (default: that of the file, or localhost)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l port -x -d 'port of the status page, 0 for a free one (default: that of the file, or 9889)'
complete -c lmaster -n '_shtab_lmaster_using restart' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'where its pid is kept (default: that of the configuration, or /run/fructosa/lmaster.pid for root and one of your own for you)'
complete -c lmaster -n '_shtab_lmaster_using restart' -l timeout -x -d 'how long it may take to end, before it is killed (default: 20)'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a status -d 'Tell whether it runs, and where.'
complete -c lmaster -n '_shtab_lmaster_using status' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using status' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using status' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'where its pid is kept (default: that of the configuration, or /run/fructosa/lmaster.pid for root and one of your own for you)'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a ping -d 'Ask every configured node once, and tell which do not answer.'
complete -c lmaster -n '_shtab_lmaster_using ping' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using ping' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using ping' -s q -l quiet -d 'tell only of those that fail'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a agents -d 'Start or stop lagent on the configured nodes, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents; and test $_shtab_lmaster_npos -eq 0' -a start -d 'Start lagent on nodes, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents start' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents start' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using agents start' -l timeout -x -d 'give a node up after so many seconds (default: as [agents] says, or 60)'
complete -c lmaster -n '_shtab_lmaster_using agents start' -l fan-out -x -d 'ask so many nodes at a time (default: as [agents] says, or 64)'
complete -c lmaster -n '_shtab_lmaster_using agents start' -l dry-run -d 'tell what would be done, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using agents; and test $_shtab_lmaster_npos -eq 0' -a stop -d 'Stop lagent on nodes, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -l timeout -x -d 'give a node up after so many seconds (default: as [agents] says, or 60)'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -l fan-out -x -d 'ask so many nodes at a time (default: as [agents] says, or 64)'
complete -c lmaster -n '_shtab_lmaster_using agents stop' -l dry-run -d 'tell what would be done, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using agents; and test $_shtab_lmaster_npos -eq 0' -a restart -d 'Restart lagent on nodes, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -l timeout -x -d 'give a node up after so many seconds (default: as [agents] says, or 60)'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -l fan-out -x -d 'ask so many nodes at a time (default: as [agents] says, or 64)'
complete -c lmaster -n '_shtab_lmaster_using agents restart' -l dry-run -d 'tell what would be done, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using agents; and test $_shtab_lmaster_npos -eq 0' -a status -d 'Tell on which nodes lagent runs, over ssh.'
complete -c lmaster -n '_shtab_lmaster_using agents status' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using agents status' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using agents status' -l timeout -x -d 'give a node up after so many seconds (default: as [agents] says, or 60)'
complete -c lmaster -n '_shtab_lmaster_using agents status' -l fan-out -x -d 'ask so many nodes at a time (default: as [agents] says, or 64)'
complete -c lmaster -n '_shtab_lmaster_using agents status' -l dry-run -d 'tell what would be done, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a nodes -d 'Tell how the running lmaster sees its targets, worst first.'
complete -c lmaster -n '_shtab_lmaster_using nodes' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l state -xka "down waiting up" -d 'only targets in this state'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l json -d 'all that is known of them, as JSON'
complete -c lmaster -n '_shtab_lmaster_using nodes' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l url -x -d 'where lmaster'"'"'s pages are (default: as the file says, or http://localhost:9889)'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l ca -xka "(__fish_complete_path (commandline -ct))" -d 'authority of its certificate (default: the system'"'"'s)'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l user -x -d 'who you are to it, if it wants to know'
complete -c lmaster -n '_shtab_lmaster_using nodes' -l password-file -xka "(__fish_complete_path (commandline -ct))" -d 'holds that user'"'"'s password in one line'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a reload -d 'Let the running lmaster read its configuration again; a wrong one is refused.'
complete -c lmaster -n '_shtab_lmaster_using reload' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using reload' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using reload' -l url -x -d 'where lmaster'"'"'s pages are (default: as the file says, or http://localhost:9889)'
complete -c lmaster -n '_shtab_lmaster_using reload' -l ca -xka "(__fish_complete_path (commandline -ct))" -d 'authority of its certificate (default: the system'"'"'s)'
complete -c lmaster -n '_shtab_lmaster_using reload' -l user -x -d 'who you are to it, if it wants to know'
complete -c lmaster -n '_shtab_lmaster_using reload' -l password-file -xka "(__fish_complete_path (commandline -ct))" -d 'holds that user'"'"'s password in one line'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a targets -d 'Print the targets for Prometheus, as file_sd JSON.'
complete -c lmaster -n '_shtab_lmaster_using targets' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using targets' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using targets' -l output -xka "(__fish_complete_path (commandline -ct))" -d 'write them into this file, at once; Prometheus wants a name that ends in .json'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a schemas -d 'Print storage-schemas.conf and storage-aggregation.conf that fit the intervals.'
complete -c lmaster -n '_shtab_lmaster_using schemas' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using schemas' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using schemas' -l output -xka "(__fish_complete_directories)" -d 'write the two files into this folder; those that lmaster has not made are kept'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a dashboards -d 'Write dashboards for Grafana and rules for Prometheus, or send the dashboards.'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l output -xka "(__fish_complete_directories)" -d 'write data sources and dashboards for Grafana'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l read-at -xka "(__fish_complete_directories)" -d 'where Grafana will find that folder, if it is copied there (default: as --output)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l rules -xka "(__fish_complete_directories)" -d 'write recording and alert rules for Prometheus'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l push -x -d 'send the dashboards to a running Grafana'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l for -xka "graphite prometheus" -d 'only those for this kind of data source (default: both)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l graphite-url -x -d 'where Grafana reaches Graphite (default: http://localhost:8080)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l prometheus-url -x -d 'where Grafana reaches Prometheus (default: http://localhost:9090)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l token-file -xka "(__fish_complete_path (commandline -ct))" -d 'holds a service account'"'"'s token for --push, in one line'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l user -x -d 'who you are to Grafana, without a token'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l password-file -xka "(__fish_complete_path (commandline -ct))" -d 'holds that user'"'"'s password in one line'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l ca -xka "(__fish_complete_path (commandline -ct))" -d 'authority of its certificate (default: system'"'"'s)'
complete -c lmaster -n '_shtab_lmaster_using dashboards' -l dry-run -d 'tell what --push would do, and do nothing'
complete -c lmaster -n '_shtab_lmaster_using; and test $_shtab_lmaster_npos -eq 0' -a check -d 'Tell whether the configuration is right.'
complete -c lmaster -n '_shtab_lmaster_using check' -s h -l help -d 'show this help message and exit'
complete -c lmaster -n '_shtab_lmaster_using check' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lmaster.conf, if it exists)'
complete -c lmaster -n '_shtab_lmaster_using check' -l example -d 'print a file with every key'
complete -c lmaster -n '_shtab_lmaster_using check' -l series -x -d 'how many series a page has, to tell what carbon and the disk must take (default: 1000; lmaster ping tells the samples of each node)'
complete -c lmaster -n '_shtab_lmaster_using check' -l carbon-conf -xka "(__fish_complete_path (commandline -ct))" -d 'carbon'"'"'s configuration, for its limits (default: that of this machine)'
