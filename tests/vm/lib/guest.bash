# SPDX-License-Identifier: GPL-3.0-or-later
# A guest with Debian's own kernel under QEMU's software emulation, for what the machine's kernel lacks: device mapper above all.
# Sourced by tests/vm/*.sh. The guest has no disk of its own: everything lies in its initramfs.
#
#   guest_begin                       an empty guest below $SCRATCH/guest, with a shell
#   guest_program NAME...             programs of this machine, with the libraries they need
#   guest_file FILE PATH              a file of this machine under another name
#   guest_modules NAME...             kernel modules, with what they need, loaded in this order
#   guest_run SECONDS SCRIPT [QEMU-OPTION...]
#                                     boots, runs the script, powers off; prints what the guest printed; the script's exit code.
#                                     124: it did not end in time
# shellcheck shell=bash

guest_kernel_dir=$SOURCE_DIR/build/deps/kernel

guest_fail() {
  echo "guest: $*" >&2
  exit 1
}

guest_begin() {
  local images=("$guest_kernel_dir"/boot/vmlinuz-*)
  if [ ! -e "${images[0]}" ]; then
    echo "skipped: no kernel below $guest_kernel_dir; './run setup vm' fetches one"
    exit 77
  fi
  guest_image=${images[0]}
  guest_version=${guest_image##*/vmlinuz-}
  guest_root=$SCRATCH/guest
  mkdir -p "$guest_root"/{bin,sbin,usr/bin,usr/sbin,dev,proc,sys,run,tmp,mnt,etc,var/lib,root,lib/modules}
  ln -sfn ../run "$guest_root/var/run"
  cp /usr/bin/busybox "$guest_root/bin/busybox" 2>/dev/null || cp /bin/busybox "$guest_root/bin/busybox"
  local applet
  for applet in mount umount mkdir cat echo ls sleep insmod modprobe poweroff dd sync grep sed kill mknod ln cp rm mv true false \
    seq head tail wc cut sort date test env sha256sum cmp find stat timeout uname dmesg touch chmod df ps pidof readlink; do
    ln -sfn busybox "$guest_root/bin/$applet"
  done
  : >"$guest_root/modules.order"
  # Not busybox's shell: it takes its own programs for those of the same name that a test brings.
  guest_program dash
  ln -sfn ../usr/sbin/dash "$guest_root/bin/sh"
}

guest_file() { install -D "$1" "$guest_root/$2"; }

guest_program() {
  local name path library
  for name in "$@"; do
    path=$(command -v "$name") || guest_fail "no program $name on this machine"
    path=$(realpath "$path")
    rm -f "$guest_root/bin/${name##*/}"
    install -D "$path" "$guest_root/usr/sbin/${name##*/}"
    # Its size is loaded into memory at every boot, and a debug build is large.
    strip "$guest_root/usr/sbin/${name##*/}" 2>/dev/null || true
    ldd "$path" 2>/dev/null | grep -oE '/[^ ]+\.so[^ ]*' | while read -r library; do
      [ -e "$guest_root/$library" ] || install -D "$(realpath "$library")" "$guest_root/$library"
    done
  done
}

guest_modules() {
  local name line file
  if [ ! -e "$guest_kernel_dir/lib/modules/$guest_version/modules.dep" ]; then depmod -b "$guest_kernel_dir" "$guest_version"; fi
  for name in "$@"; do
    modprobe -d "$guest_kernel_dir" -S "$guest_version" --show-depends "$name" 2>/dev/null | while read -r line; do
      case $line in
        insmod\ *)
          file=${line#insmod }
          file=${file%% *}
          [ -e "$guest_root/lib/modules/${file##*/}" ] || {
            cp "$file" "$guest_root/lib/modules/"
            echo "${file##*/}" >>"$guest_root/modules.order"
          }
          ;;
      esac
    done
  done
}

guest_write_init() {
  cat >"$guest_root/init" <<'INIT'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mount -t devtmpfs dev /dev
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t tmpfs run /run
mount -t tmpfs tmp /tmp
ln -sfn /proc/self/fd /dev/fd
mkdir -p /run/lock /run/lvm
while read -r m; do insmod "/lib/modules/$m" || echo "insmod $m failed"; done </modules.order
echo GUEST-BEGIN
sh /test.sh
echo "GUEST-EXIT $?"
sync
poweroff -f
INIT
  chmod +x "$guest_root/init"
}

guest_run() {
  local seconds=$1 script=$2 log=$SCRATCH/guest.log code
  shift 2
  install -D "$script" "$guest_root/test.sh"
  guest_write_init
  (cd "$guest_root" && find . | cpio --quiet -o -H newc | gzip -1) >"$SCRATCH/initramfs.gz"
  timeout "$seconds" qemu-system-x86_64 -accel tcg,thread=multi -cpu max -smp 2 -m 1024 -nographic -no-reboot -nodefaults -serial stdio \
    -monitor none -kernel "$guest_image" -initrd "$SCRATCH/initramfs.gz" -append "console=ttyS0 quiet panic=-1 loglevel=3" \
    "$@" </dev/null >"$log" 2>&1
  code=$?
  tr -d '\r' <"$log" | sed '1,/GUEST-BEGIN/d'
  [ $code -ne 124 ] || return 124
  code=$(tr -d '\r' <"$log" | sed -n 's/^GUEST-EXIT //p' | tail -1)
  [ -n "$code" ] || {
    tail -30 "$log" >&2
    return 125
  }
  return "$code"
}
