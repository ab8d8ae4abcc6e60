#!/usr/bin/env bash
# Boots Debian 12 with a real Slurm and cgroups of version 2 in a virtual machine, runs jobs there
# beside lagent, and compares. By hand, as root, a few minutes; no KVM is needed. The machine has no
# network. SHORT_JOBS sets the number of short jobs (20), MIRROR Debian's mirror.
set -euo pipefail
cd "$(dirname "$0")/../.."
# shellcheck source=tests/stages.sh
. tests/stages.sh

guest=tests/cgroup2/guest
work=.cgroup2
base=$work/base.tar
root=$work/root
image=$work/image
out=$work/out
release=bookworm
packages=systemd-sysv,udev,dbus,linux-image-cloud-amd64,initramfs-tools,slurmctld,slurmd
packages+=,slurm-client,slurm-wlm-basic-plugins,slurmdbd,slurm-wlm-mysql-plugin,mariadb-server
packages+=,python3,procps,iproute2
# These take long to start, or end what the console shows.
masked="serial-getty@ttyS0.service getty@tty1.service systemd-logind.service munge.service
  apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer
  e2scrub_reap.service"

install_tools() {
  local missing=()
  command -v qemu-system-x86_64 >/dev/null || missing+=(qemu-system-x86)
  command -v mmdebstrap >/dev/null || missing+=(mmdebstrap)
  command -v mke2fs >/dev/null || missing+=(e2fsprogs)
  [ ${#missing[@]} != 0 ] || return 0
  begin "installing Debian's ${missing[*]} (half a minute)"
  quietly apt-get update -qq
  DEBIAN_FRONTEND=noninteractive quietly apt-get install -y -qq --no-install-recommends \
    "${missing[@]}"
  took
}

# Where this machine has its packages from, if it is the same release of Debian.
sources() {
  local file
  if [ -n "${MIRROR:-}" ]; then
    echo "$MIRROR"
    return
  fi
  for file in /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list; do
    if grep -qs "$release" "$file"; then
      echo "$file"
      return
    fi
  done
}

# The list of packages is written last: an interrupted installation is repeated.
build_base() {
  [ "$(cat $base.packages 2>/dev/null)" != "$packages" ] || return 0
  begin "building Debian's $release with Slurm (two minutes)"
  rm -f $base
  # shellcheck disable=SC2046 # nothing, or one word
  quietly mmdebstrap --variant=minbase --include="$packages" $release $base $(sources)
  echo "$packages" >$base.packages
  took
}

# lagent runs from its shipped unit, with Debian's Python.
add_lagent() {
  local psutil
  psutil=$(.venv/bin/python -c 'import psutil; print(psutil.__path__[0])')
  mkdir -p $root/opt/fructosa $root/etc/fructosa $units/lagent.service.d
  cp -r fructosa_exporter fructosa_service "$psutil" $root/opt/fructosa/
  cp systemd/lagent.service $units/
  echo '[sensor:SlurmJobs]' >$root/etc/fructosa/lagent.conf
  cat >$units/lagent.service.d/check.conf <<'END'
[Service]
Environment=PYTHONPATH=/opt/fructosa PYTHONDONTWRITEBYTECODE=1
ExecStart=
ExecStart=/usr/bin/python3 -m fructosa_exporter serve
END
  chroot $root useradd --system fructosa
}

add_slurm() {
  echo n1 >$root/etc/hostname
  printf '127.0.0.1 localhost\n10.9.9.9 n1\n' >$root/etc/hosts
  mkdir -p $root/etc/slurm $root/var/lib/slurm/{state,spool} $root/var/log/slurm \
    $units/slurmd.service.d
  cp $guest/cgroup.conf $root/etc/slurm/
  printf '[Service]\nExecStart=\nExecStart=/usr/sbin/slurmd -D -N n1\n' \
    >$units/slurmd.service.d/check.conf
  cp $guest/slurmdbd.conf $root/etc/slurm/
  chmod 600 $root/etc/slurm/slurmdbd.conf
  printf '[mysqld]\ninnodb_flush_log_at_trx_commit=0\ninnodb_lock_wait_timeout=900\n' \
    >$root/etc/mysql/mariadb.conf.d/90-check.cnf
  rm -f $units/multi-user.target.wants/{slurm*,mariadb*}
}

add_check() {
  local unit
  mkdir -p $root/opt/check $root/var/lib/check $units/multi-user.target.wants
  cp $guest/*.py $guest/step.sh $guest/slurm.conf $root/opt/check/
  chmod 755 $root/opt/check/{job.py,step.sh}
  echo "${SHORT_JOBS:-20}" >$root/opt/check/short_jobs
  cp $guest/check.service $units/
  ln -s ../check.service $units/multi-user.target.wants/
  for unit in $masked; do ln -sf /dev/null "$units/$unit"; done
  chroot $root useradd --uid 1000 --no-create-home alice
}

build_image() {
  begin "building the image (half a minute)"
  rm -rf $root $image
  mkdir -p $root
  tar -xf $base -C $root --exclude='./dev/*'
  units=$root/etc/systemd/system
  add_slurm
  add_lagent
  add_check
  cp $root/boot/vmlinuz-* $work/kernel
  cp $root/boot/initrd.img-* $work/initrd
  quietly mke2fs -q -t ext4 -d $root $image 2G
  rm -rf $root
  took
}

boot() {
  begin "running jobs in the virtual machine (about five minutes; tail -f $work/console.log)"
  rm -rf $out
  mkdir $out
  timeout 1800 qemu-system-x86_64 -accel tcg,thread=multi -cpu max -m 2000 -smp 2 \
    -kernel $work/kernel -initrd $work/initrd \
    -append "root=/dev/vda rw console=ttyS0 quiet" \
    -drive file=$image,if=virtio,format=raw,cache=unsafe -nographic -no-reboot -nic none \
    </dev/null >$work/console.log 2>&1 || echo "the virtual machine did not end by itself" >&2
  took
  debugfs -R "rdump /var/lib/check $out" $image 2>/dev/null
}

[ "$(id -u)" = 0 ] || { echo "test-cgroup2 needs root, to make an image" >&2; exit 2; }
mkdir -p $work
install_tools
build_base
build_image
boot
tr -d '\r' <$work/console.log | sed -n '/lagent watches jobs/,$p' | grep -v '^\[ *[0-9]*\.[0-9]'
status=$(cat $out/check/status 2>/dev/null || echo 1)
[ "$status" = 0 ] && echo "all right; the recorded job is $out/check/slurm_jobs.tree"
[ "$status" = 0 ] || echo "not right; see above and $work/console.log"
exit "$status"
