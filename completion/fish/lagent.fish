# Made by shtab from the command line's declarations, by `make docs`; changes here are lost.

function _shtab_lagent_scan
  set -g _shtab_lagent_cmdpath ''
  set -g _shtab_lagent_npos 0
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
        if contains -- $t $_shtab_lagent_opts_with_value
          set expect_value 1
        end
        continue
      case '*'
        if test $_shtab_lagent_npos -eq 0
          set -l candidate $t
          if test -n "$_shtab_lagent_cmdpath"
            set candidate "$_shtab_lagent_cmdpath $t"
          end
          if contains -- $candidate $_shtab_lagent_commands
            set -g _shtab_lagent_cmdpath $candidate
            continue
          end
        end
        set -g _shtab_lagent_npos (math $_shtab_lagent_npos + 1)
    end
  end
end

# Condition helper: true if the current (sub)command path equals the given one.
function _shtab_lagent_using
  _shtab_lagent_scan
  test "$_shtab_lagent_cmdpath" = "$argv"
end

set -g _shtab_lagent_commands serve start stop restart status sensors read check
set -g _shtab_lagent_opts_with_value --config --host --pid-file --port --timeout -c -p

complete -c lagent -e
complete -c lagent -f

complete -c lagent -n _shtab_lagent_using -s h -l help -d 'show this help message and exit'
complete -c lagent -n _shtab_lagent_using -l version -d 'show program'"'"'s version number and exit'
complete -c lagent -n '_shtab_lagent_using; and test $_shtab_lagent_npos -eq 0' -a serve -d 'Serve the readings, in the foreground.'
complete -c lagent -n '_shtab_lagent_using serve' -s h -l help -d 'show this help message and exit'
complete -c lagent -n '_shtab_lagent_using serve' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lagent.conf, if it exists)'
complete -c lagent -n '_shtab_lagent_using serve' -l host -x -d 'address to listen on (default: that of the file, or 127.0.0.1)'
complete -c lagent -n '_shtab_lagent_using serve' -l port -x -d 'port to listen on, 0 for a free one (default: that of the file, or 9888)'
complete -c lagent -n '_shtab_lagent_using; and test $_shtab_lagent_npos -eq 0' -a start -d 'Start the daemon in the background.'
complete -c lagent -n '_shtab_lagent_using start' -s h -l help -d 'show this help message and exit'
complete -c lagent -n '_shtab_lagent_using start' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lagent.conf, if it exists)'
complete -c lagent -n '_shtab_lagent_using start' -l host -x -d 'address to listen on (default: that of the file, or 127.0.0.1)'
complete -c lagent -n '_shtab_lagent_using start' -l port -x -d 'port to listen on, 0 for a free one (default: that of the file, or 9888)'
complete -c lagent -n '_shtab_lagent_using start' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'pid file (default: as configured; if unset, /run/fructosa/lagent.pid for root, and one in $XDG_RUNTIME_DIR or /tmp for other users)'
complete -c lagent -n '_shtab_lagent_using; and test $_shtab_lagent_npos -eq 0' -a stop -d 'Stop the daemon; it is killed if it does not exit in time.'
complete -c lagent -n '_shtab_lagent_using stop' -s h -l help -d 'show this help message and exit'
complete -c lagent -n '_shtab_lagent_using stop' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lagent.conf, if it exists)'
complete -c lagent -n '_shtab_lagent_using stop' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'pid file (default: as configured; if unset, /run/fructosa/lagent.pid for root, and one in $XDG_RUNTIME_DIR or /tmp for other users)'
complete -c lagent -n '_shtab_lagent_using stop' -l timeout -x -d 'time to exit before it is killed (default: 20)'
complete -c lagent -n '_shtab_lagent_using; and test $_shtab_lagent_npos -eq 0' -a restart -d 'Stop the daemon and start it again, unless the configuration is invalid.'
complete -c lagent -n '_shtab_lagent_using restart' -s h -l help -d 'show this help message and exit'
complete -c lagent -n '_shtab_lagent_using restart' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lagent.conf, if it exists)'
complete -c lagent -n '_shtab_lagent_using restart' -l host -x -d 'address to listen on (default: that of the file, or 127.0.0.1)'
complete -c lagent -n '_shtab_lagent_using restart' -l port -x -d 'port to listen on, 0 for a free one (default: that of the file, or 9888)'
complete -c lagent -n '_shtab_lagent_using restart' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'pid file (default: as configured; if unset, /run/fructosa/lagent.pid for root, and one in $XDG_RUNTIME_DIR or /tmp for other users)'
complete -c lagent -n '_shtab_lagent_using restart' -l timeout -x -d 'time to exit before it is killed (default: 20)'
complete -c lagent -n '_shtab_lagent_using; and test $_shtab_lagent_npos -eq 0' -a status -d 'Report whether the daemon runs, its pid and its addresses.'
complete -c lagent -n '_shtab_lagent_using status' -s h -l help -d 'show this help message and exit'
complete -c lagent -n '_shtab_lagent_using status' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lagent.conf, if it exists)'
complete -c lagent -n '_shtab_lagent_using status' -s p -l pid-file -xka "(__fish_complete_path (commandline -ct))" -d 'pid file (default: as configured; if unset, /run/fructosa/lagent.pid for root, and one in $XDG_RUNTIME_DIR or /tmp for other users)'
complete -c lagent -n '_shtab_lagent_using; and test $_shtab_lagent_npos -eq 0' -a sensors -d 'What can be measured here; all of one sensor.'
complete -c lagent -n '_shtab_lagent_using sensors' -s h -l help -d 'show this help message and exit'
complete -c lagent -n '_shtab_lagent_using sensors' -l markdown -d 'print all there is to know of all, in Markdown'
complete -c lagent -n '_shtab_lagent_using sensors; and test $_shtab_lagent_npos -eq 0' -ka "BootTime ClockSync CPUCount CPUFreq CPUPercent CPUStats CPUTimes CPUTimesPercent DiskIOCounters DiskPartitions DiskUsage EDAC EnergyRAPL FileDescriptors GPUActivity GPUClocks GPUErrors GPUFans GPUInfo GPUMemory GPUNVLink GPUPcie GPUPower GPUProcesses GPUTemperature GPUUtilization InfiniBand LoadAverage Lustre NetConnections NetIFAddrs NetIFStats NetIOCounters NFSClient NUMAMemory OperatingSystem PressureStall Processes SensorsBattery SensorsFans SensorsTemperatures SwapMemory TextFile Users VirtualMemory" -d 'a sensor'
complete -c lagent -n '_shtab_lagent_using; and test $_shtab_lagent_npos -eq 0' -a read -d 'Read once and print the page.'
complete -c lagent -n '_shtab_lagent_using read' -s h -l help -d 'show this help message and exit'
complete -c lagent -n '_shtab_lagent_using read' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lagent.conf, if it exists)'
complete -c lagent -n '_shtab_lagent_using read; and test $_shtab_lagent_npos -ge 0' -ka "BootTime ClockSync CPUCount CPUFreq CPUPercent CPUStats CPUTimes CPUTimesPercent DiskIOCounters DiskPartitions DiskUsage EDAC EnergyRAPL FileDescriptors GPUActivity GPUClocks GPUErrors GPUFans GPUInfo GPUMemory GPUNVLink GPUPcie GPUPower GPUProcesses GPUTemperature GPUUtilization InfiniBand LoadAverage Lustre NetConnections NetIFAddrs NetIFStats NetIOCounters NFSClient NUMAMemory OperatingSystem PressureStall Processes SensorsBattery SensorsFans SensorsTemperatures SwapMemory TextFile Users VirtualMemory" -d 'a sensor; all of them if none'
complete -c lagent -n '_shtab_lagent_using; and test $_shtab_lagent_npos -eq 0' -a check -d 'Check the configuration.'
complete -c lagent -n '_shtab_lagent_using check' -s h -l help -d 'show this help message and exit'
complete -c lagent -n '_shtab_lagent_using check' -s c -l config -xka "(__fish_complete_path (commandline -ct))" -d 'configuration file (default: /etc/fructosa/lagent.conf, if it exists)'
complete -c lagent -n '_shtab_lagent_using check' -l example -d 'print an example with every key'
