# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of scripts/vm
# Part of scripts/vm: builds the initramfs of a guest, runs the guest, and copies files out of it.

# Sets the variables of a run from the arguments of `scripts/vm run`.
parse_run() {
  [ $# -gt 0 ] || die "usage: scripts/vm run SERIES [option...] -- COMMAND [argument...]"
  name=$1 files=() gets=() timeout='' memory=1024 cpus=2 scratch='' interactive='' system=''
  shift
  while [ $# -gt 0 ] && [ "$1" != -- ]; do
    if [ "$1" = --interactive ]; then
      interactive=yes
      shift
      continue
    fi
    [ $# -ge 2 ] || die "$1 needs a value, and the command comes after --"
    case $1 in
      --file) files+=("$2") ;;
      --get) gets+=("$2") ;;
      --system) system=$2 ;;
      --disk) scratch=$(number "$1" "$2") ;;
      --timeout) timeout=$(number "$1" "$2") ;;
      --memory) memory=$(number "$1" "$2") ;;
      --cpus) cpus=$(number "$1" "$2") ;;
      *) die "unknown option: $1" ;;
    esac
    shift 2
  done
  [ $# -ge 2 ] || die "no command: it comes after --"
  shift
  command=("$@")
  [ -z "$system" ] || [ -z "$interactive${gets[*]-}" ] || die "--system has neither --interactive nor --get"
  : "${timeout:=${interactive:+0}}" "${timeout:=120}"
}

number() {
  [[ $2 =~ ^[0-9]+$ ]] || die "$1 needs a number, not $2"
  echo "$2"
}

run() {
  local work
  parse_run "$@"
  require qemu-system-x86_64 busybox cpio ldd
  [ -z "$interactive" ] || [ -t 0 ] || die "--interactive needs a terminal"
  work=$(mktemp -d "$cache/run.XXXXXX")
  temporary+=("$work")
  mkdir "$work/root"
  take_kernel "$work"
  fill_root "$work/root"
  (cd "$work/root" && find . -print0 | cpio --quiet -0 -o -H newc -R 0:0) >"$work/initramfs"
  start_guest "$work"
}

# Links the kernel into the run's own folder, so that a concurrent fetch can replace the kernel in
# the cache.
take_kernel() {
  local work=$1 series
  lock_cache
  series=$(resolve_series "$name")
  ensure_kernel "$series"
  ln "$cache/kernels/$series/vmlinuz" "$work/vmlinuz"
  cp -r "$cache/kernels/$series/lib" "$work/root/lib"
  unlock_cache
}

fill_root() {
  local root=$1 file get
  mkdir -p "$root"/{bin,sbin,dev,etc,lib64,proc,root,run,sys,tmp,usr/{bin,sbin,lib/locale,share/terminfo},vm}
  chmod 700 "$root/root"
  add_busybox "$root"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  echo 'nobody:x:65534:65534:nobody:/:/bin/false' >>"$root/etc/passwd"
  printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
  echo '127.0.0.1 localhost guest' >"$root/etc/hosts"
  add_terminals "$root"
  [ ! -d /usr/lib/locale/C.utf8 ] || cp -r /usr/lib/locale/C.utf8 "$root/usr/lib/locale"
  for file in ${files[@]+"${files[@]}"}; do
    add_file "$root" "$file"
  done
  install -m 755 "$parts/init" "$root/init"
  if [ -n "$system" ]; then
    cp "$system" "$root/vm/system.tar.gz"
    cp "$parts/command.service" "$root/vm/command.service"
  fi
  { echo 'cd /root' && printf 'exec' && printf ' %s' "${command[@]@Q}" && echo; } >"$root/vm/command"
  for get in ${gets[@]+"${gets[@]}"}; do
    [[ $get == /*:?* ]] || die "--get needs GUESTPATH:PATH with an absolute GUESTPATH, not $get"
    get=${get%%:*}
    echo "${get#/}"
  done >"$root/vm/get"
  write_settings >"$root/vm/settings"
}

add_busybox() {
  local busybox
  busybox=$(command -v busybox)
  ! ldd "$busybox" >/dev/null 2>&1 || die "$busybox is not static: install busybox-static"
  cp "$busybox" "$1/bin/busybox"
}

# Adds the terminfo descriptions of this terminal and of common terminals.
add_terminals() {
  local root=$1 term dir
  for term in vt100 linux screen-256color tmux-256color xterm xterm-256color "${TERM:-dumb}"; do
    for dir in /etc/terminfo /lib/terminfo /usr/share/terminfo; do
      if [ -f "$dir/${term:0:1}/$term" ]; then
        install -D -m 644 "$dir/${term:0:1}/$term" "$root/usr/share/terminfo/${term:0:1}/$term"
        break
      fi
    done
  done
}

# Adds SOURCE[:GUESTPATH], and the libraries that the programs in SOURCE need.
add_file() {
  local root=$1 source=${2%%:*} target=/root/ program
  [[ $2 != *:* ]] || target=${2#*:}
  [ -e "$source" ] || die "--file: $source does not exist"
  [[ $target == /* ]] || die "--file: not an absolute path in the guest: $target"
  [[ $target != */ ]] || target+=$(basename "$source")
  [[ ! $target/ =~ ^/(dev|proc|run|sys|tmp)/ ]] || die "--file: the guest mounts something over $target"
  mkdir -p "$(dirname "$root$target")"
  cp -rL --preserve=mode -T "$source" "$root$target"
  while IFS= read -r -d '' program; do
    add_libraries "$root" "$program"
  done < <(find -L "$source" -type f -print0)
}

# Adds the libraries of a program. The loader is copied to the path that the program names. The
# libraries are copied to /lib, which every loader searches.
add_libraries() {
  local root=$1 program=$2 name arrow path
  [ "$(head -c 4 "$program" | tr -d '\0')" = $'\x7fELF' ] || return 0
  while read -r name arrow path _; do
    if [ "$arrow $path" = '=> not' ]; then
      die "--file: $program needs $name, which is not on this machine"
    elif [ "$arrow" = '=>' ]; then
      [ -e "$root/lib/$name" ] || cp -L "$path" "$root/lib/$name"
    elif [[ $name == /* ]]; then
      [ -e "$root$name" ] || install -D -m 755 "$(readlink -f "$name")" "$root$name"
    fi
  done < <(ldd "$program" 2>/dev/null || true) # ldd fails for static programs
}

# Prints the settings for /init as shell assignments.
write_settings() {
  local rows=24 columns=80 term=dumb
  if [ -n "$interactive" ]; then
    read -r rows columns < <(stty size)
    term=${TERM:-linux}
  fi
  echo "interactive='$interactive' system=${system:+yes} scratch='$scratch' rows='$rows' columns='$columns' term=${term@Q}"
}

# Runs the guest. Its first serial port is the kernel's console, which is written to a file. The
# second is the command's terminal, so the command's output is not mixed with kernel messages. The
# third reports the command's exit status. A guest that ends without this status has crashed.
start_guest() {
  local work=$1 status=0 options=()
  # qemu 7.2 emulates cmpxchg16b wrongly: an interrupt right after the instruction sees wrong flags,
  # and one boot in five crashes. This parameter keeps the kernel from using the instruction.
  # Programs can still use it.
  local parameters='clearcpuid=cx16 fuse.enable_uring=1 nvme.poll_queues=1'
  # One thread emulates all processors. With more threads, qemu 7.2 sometimes runs stale code after
  # another processor has patched it. The kernel patches code whenever a tracepoint is attached.
  options=(
    -accel "${URINGTOP_VM_ACCEL:-tcg,thread=single}" -m "$memory" -smp "$cpus"
    -nodefaults -no-user-config -display none -no-reboot
    -kernel "$work/vmlinuz" -initrd "$work/initramfs"
    -append "console=ttyS0 quiet loglevel=5 panic=-1 oops=panic nokaslr mitigations=off $parameters"
    -serial "file:$work/console"
    -chardev "stdio,id=terminal,signal=off${interactive:+,mux=on}" -serial chardev:terminal
    -serial "file:$work/status"
  )
  [ -z "$interactive" ] || options+=(-mon chardev=terminal)
  [ -z "$scratch" ] || add_disk scratch "$scratch"
  [ ${#gets[@]} -eq 0 ] || add_disk out 4096
  [ -z "$interactive" ] || terminal=$(stty -g)

  # qemu runs in the background, so that a signal to this script ends the guest at once.
  exec 3</dev/null
  [ -z "$interactive" ] || exec 3<&0
  timeout --foreground --kill-after=5 "$timeout" qemu-system-x86_64 "${options[@]}" <&3 2>"$work/errors" &
  emulator=$!
  wait $emulator || status=$?
  emulator=
  if [ -s "$work/status" ]; then
    take_files "$work"
    exit "$(tr -d '\r\n' <"$work/status")"
  elif [ $status -eq 124 ] || [ $status -eq 137 ]; then
    warn "no end after $timeout seconds, guest killed"
    exit 124
  fi
  cat "$work/errors" >&2
  explain_crash "$work/console" "$status"
}

# Adds an empty sparse disk. The guest finds it by its serial number.
add_disk() {
  truncate -s "$2M" "$work/$1"
  options+=(-drive "file=$work/$1,if=none,id=$1,format=raw,cache=unsafe" -device "nvme,serial=$1,drive=$1")
}

take_files() {
  local work=$1 get source target
  [ ${#gets[@]} -gt 0 ] || return 0
  mkdir "$work/got"
  tar -xf "$work/out" -C "$work/got" --no-same-owner || warn "the guest handed back no files"
  for get in "${gets[@]}"; do
    source=$work/got${get%%:*} target=${get#*:}
    [ -e "$source" ] || die "--get: the guest has no ${get%%:*} (the command ended with status $(cat "$work/status"))"
    cp -r "$source" "$target"
  done
}

explain_crash() {
  local console=$1 status=$2
  if [ -s "$console" ]; then
    warn "the kernel's last lines:"
    tail -n 30 "$console" | tr -d '\r' >&2
  fi
  if grep -q 'Kernel panic' "$console" 2>/dev/null; then
    die "the guest's kernel crashed: $(grep -a -m 1 -o 'Kernel panic.*' "$console" | tr -d '\r')"
  fi
  die "the guest ended without reporting a status (qemu: $status)"
}
