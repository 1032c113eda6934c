# shellcheck shell=bash
# shellcheck disable=SC2154  # variables of scripts/vm
# Part of scripts/vm: finds kernels in the Debian archive, and caches the files that guests need.
#
#   $cache/archive.list       the kernels in the archive (see kernels.awk), newest last
#   $cache/kernels/RELEASE/   vmlinuz, lib/modules/RELEASE/, version, modules, SHA256SUMS
#   $cache/kernels/SERIES     symbolic link to the newest RELEASE that was fetched

# Kernels in experimental are used only for a series that is named explicitly: "newest" is never a release candidate.
suites=(bookworm trixie trixie-backports sid experimental)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
apt_dir=$cache/apt
apt_options=(
  -o "Dir::Etc::SourceList=$apt_dir/sources.list" -o Dir::Etc::SourceParts=/dev/null
  -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
  -o "Dir::State=$apt_dir" -o "Dir::State::Lists=$apt_dir/lists"
  -o "Dir::State::Status=$apt_dir/status"
  -o "Dir::Cache=$apt_dir" -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache=
  -o APT::Architecture=amd64 -o APT::Sandbox::User=root
  -o Acquire::Languages=none -o Acquire::Retries=2
  -o Acquire::GzipIndexes=true -o Acquire::IndexTargets::deb::Packages::KeepCompressedAs=xz
)

write_apt_sources() {
  local uri suite trust=
  uri=$("$parts/../archive-uri") || exit 125
  [ ! -e $keyring ] || trust="signed-by=$keyring"
  mkdir -p "$apt_dir/lists/partial" "$apt_dir/archives/partial"
  : >"$apt_dir/status"
  for suite in "${suites[@]}"; do
    echo "deb [arch=amd64 target=Packages $trust] $uri $suite main"
  done >"$apt_dir/sources.list"
}

refresh_list() {
  local complete=yes index
  echo "vm: reading the archive's package lists" >&2
  write_apt_sources
  apt-get "${apt_options[@]}" -o APT::Update::Error-Mode=any -qq update >&2 || complete=no
  # shellcheck disable=SC2016
  apt-get "${apt_options[@]}" indextargets --format '$(FILENAME)' 'Created-By: Packages' |
    while read -r index; do
      /usr/lib/apt/apt-helper cat-file "$index"
      echo
    done | awk -f "$parts/kernels.awk" | sort -k1,1V -k2,2V >"$cache/archive.new"
  [ -s "$cache/archive.new" ] || die "no kernel packages found: the package lists could not be read"
  if [ $complete = no ]; then
    warn "some package lists could not be read (above), newer kernels may be missing"
    touch -d '2 days ago' "$cache/archive.new" # so that the next fetch reads the lists again
  fi
  mv "$cache/archive.new" "$cache/archive.list"
}

list_is_fresh() {
  [ -n "$(find "$cache/archive.list" -mtime -1 2>/dev/null)" ]
}

# Lists every kernel series in the archive or the cache, oldest first.
known_series() {
  local link
  {
    awk '{ print $1 }' "$cache/archive.list" 2>/dev/null || true
    for link in "$cache"/kernels/*; do
      [ ! -L "$link" ] || basename "$link"
    done
  } | sort -u -V
}

released_series() {
  awk '$2 !~ /~rc/ { print $1 }' "$cache/archive.list" | uniq
}

# Resolves a name such as 6.12, 6.17+, newest or newest-1 to a series.
resolve_series() {
  local name=$1 series
  if [[ $name =~ ^[0-9]+\.[0-9]+$ ]]; then
    echo "$name"
    return
  fi
  [ -s "$cache/archive.list" ] || refresh_list
  case $name in
    newest) released_series | tail -n 1 ;;
    newest-1) released_series | tail -n 2 | head -n 1 ;;
    [0-9]*.[0-9]*+)
      for series in $(known_series); do
        if printf '%s\n' "${name%+}" "$series" | sort -C -V; then
          echo "$series"
          return
        fi
      done
      die "no kernel $name: known are $(known_series | xargs)"
      ;;
    *) die "not a series: $name (such as 6.12, 6.17+, newest, newest-1)" ;;
  esac
}

kernel_is_valid() {
  local dir=$1
  [ -f "$dir/SHA256SUMS" ] && cmp -s "$parts/modules.txt" "$dir/modules.txt" &&
    (cd "$dir" && sha256sum --quiet --check SHA256SUMS >&2)
}

# Downloads the newest kernel of a series unless it is cached.
fetch_kernel() {
  local series=$1 version release packages work
  read -r version release packages < <(
    awk -v series="$series" '$1 == series { $1 = ""; line = $0 } END { print line }' "$cache/archive.list"
  ) || true
  [ -n "${packages:-}" ] || die "the archive has no complete kernel $series: it has $(released_series | xargs)"
  if ! kernel_is_valid "$cache/kernels/$release" ||
    [ "$(cat "$cache/kernels/$release/version")" != "$version" ]; then
    echo "vm: downloading kernel $version" >&2
    work=$(mktemp -d "$cache/fetch.XXXXXX")
    temporary+=("$work")
    mkdir "$work/tree" "$work/kept"
    # shellcheck disable=SC2086  # a list of packages
    (cd "$work" && apt-get "${apt_options[@]}" -qq download $packages >&2) ||
      die "kernel $version could not be downloaded"
    unpack_kernel "$work"
    echo "$version" >"$work/kept/version"
    keep_modules "$work/tree" "$work/kept" "$release"
    (cd "$work/kept" && find . -type f -print0 | xargs -0 sha256sum >../SHA256SUMS)
    mv "$work/SHA256SUMS" "$work/kept"
    rm -rf "${cache:?}/kernels/$release"
    mv "$work/kept" "$cache/kernels/$release"
    rm -rf "$work"
  fi
  link_series "$series" "$release"
}

# Unpacks the packages. Moves the modules to tree/lib/modules/RELEASE and the kernel to
# kept/vmlinuz, wherever the packages have them.
unpack_kernel() {
  local work=$1 deb tree=$1/tree image
  for deb in "$work"/*.deb; do
    dpkg-deb -x "$deb" "$tree"
    rm "$deb"
  done
  if [ ! -d "$tree/lib/modules" ]; then
    mkdir -p "$tree/lib"
    mv "$tree/usr/lib/modules" "$tree/lib/modules"
  fi
  image=$(find "$tree" -name 'vmlinuz*' -type f)
  [ -f "$image" ] || die "no kernel image in the packages"
  mv "$image" "$work/kept/vmlinuz"
}

# Copies the modules that guests can load, and their dependencies. The copies are uncompressed and
# have an index for the guest's modprobe.
keep_modules() {
  local tree=$1 kept=$2 release=$3 module plan action path target
  local loadable=() builtin=() absent=()
  target=$kept/lib/modules/$release
  mkdir -p "$target"
  depmod -b "$tree" "$release"
  while read -r module; do
    if ! plan=$(modprobe -d "$tree" -S "$release" --show-depends "$module" 2>/dev/null); then
      absent+=("$module")
    elif [[ $plan == builtin* ]]; then
      builtin+=("$module")
    else
      loadable+=("$module")
      while read -r action path _; do
        [ "$action" != insmod ] || uncompress "$path" "$target"
      done <<<"$plan"
    fi
  done <"$parts/modules.txt"
  cp "$tree/lib/modules/$release/modules.builtin" "$target"
  : >"$target/modules.order"
  depmod -b "$kept" "$release" 2>/dev/null
  rm -f "$target"/*.bin
  cp "$parts/modules.txt" "$kept"
  printf '%s\n' "loadable: ${loadable[*]}" "built in: ${builtin[*]}" "absent: ${absent[*]}" >"$kept/modules"
}

uncompress() {
  local path=$1 dir=$2 name
  name=$(basename "$path")
  case $name in
    *.xz) xz -dc "$path" >"$dir/${name%.xz}" ;;
    *.zst) zstd -qdc "$path" >"$dir/${name%.zst}" ;;
    *) cp "$path" "$dir" ;;
  esac
}

# Points the series' link to its newest kernel, and deletes the previous kernel.
link_series() {
  local series=$1 release=$2 old
  old=$(readlink "$cache/kernels/$series" || true)
  [ "$old" != "$release" ] || return 0
  ln -s "$release" "$cache/kernels/.$series"
  mv -T "$cache/kernels/.$series" "$cache/kernels/$series"
  [ -z "$old" ] || rm -rf "${cache:?}/kernels/$old"
}

# Ensures that the cache has a valid kernel of the series. Uses the network only if the cache has
# none.
ensure_kernel() {
  local series=$1
  ! kernel_is_valid "$cache/kernels/$series" || return 0
  list_is_fresh || refresh_list
  fetch_kernel "$series"
}
