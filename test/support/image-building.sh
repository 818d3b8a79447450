#!/bin/sh
# Builds real Debian images as OCI layouts, one layer for each step, with mmdebstrap, umoci, apt, pip, npm and go. For scripts that set OUT (the folder of
# layouts; the tag of a layout is its name) and define a function build_NAME for each image, build_base excepted. What is there already stays.

SUITE=bookworm
PYTHON=3.11
export LC_ALL=C.UTF-8 TZ=UTC DEBIAN_FRONTEND=noninteractive
umask 022

skip() {
  echo "skipped: $*" >&2
  exit 77
}

need_tools() {
  [ "$(id -u)" = 0 ] || skip "building Debian images needs root"
  command -v apt-get >/dev/null || skip "building Debian images needs apt"
  missing=
  for tool in mmdebstrap umoci skopeo; do command -v "$tool" >/dev/null || missing="$missing $tool"; done
  # shellcheck disable=SC2086 # a list of words
  [ -z "$missing" ] || { apt-get update -q && apt-get install -qy --no-install-recommends $missing; } >&2 || skip "cannot install$missing"
  for tool in go npm pip3; do command -v "$tool" >/dev/null || skip "needs $tool on the host"; done
}

# Where this machine gets Debian packages from, as one-line sources.
debian_sources() {
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' 'Component: main' |
    grep -E " $SUITE(-security|-updates)? " | sort -u
}

# $1 name, other arguments go to mmdebstrap
build_base() {
  name=$1
  shift
  sources=$(debian_sources)
  [ -n "$sources" ] || skip "this machine has no package sources for $SUITE"
  work=$OUT/.work-$name
  new_layout "$name" "$work"
  printf '%s\n' "$sources" |
    mmdebstrap --quiet --variant=minbase --customize-hook='rm -f "$1/etc/resolv.conf" && echo localhost >"$1/etc/hostname"' "$@" "$SUITE" "$work/root.tar" - >&2
  umoci unpack --image "$work/layout:$name" "$work/bundle" >&2
  tar -C "$work/bundle/rootfs" --numeric-owner --xattrs --xattrs-include='*' -xf "$work/root.tar"
  pack "$work" "$name" "mmdebstrap --variant=minbase $SUITE"
  umoci config --image "$work/layout:$name" --config.cmd /bin/sh --config.env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin >&2
  finish "$name" "$work"
}

# $1 name, $2 work folder
new_layout() {
  rm -rf "$2"
  mkdir -p "$2"
  umoci init --layout "$2/layout" >&2
  umoci new --image "$2/layout:$1" >&2
}

# $1 work folder, $2 tag, $3 what made the layer
pack() {
  umoci repack --refresh-bundle --history.created_by "$3" --image "$1/layout:$2" "$1/bundle" >&2
}

# $1 name, $2 work folder; the unpacked file system stays if $KEEP_BUNDLES names the image
finish() {
  umoci gc --layout "$2/layout" >&2
  rm -rf "${OUT:?}/$1"
  mv "$2/layout" "$OUT/$1"
  case " ${KEEP_BUNDLES:-} " in
    *" $1 "*)
      rm -rf "${OUT:?}/$1-bundle"
      mv "$2/bundle" "$OUT/$1-bundle"
      ;;
  esac
  rm -rf "$2"
}

# $1 name, $2 name of its base, which is built first when it is missing
start_from() {
  [ -f "$OUT/$2/index.json" ] || build "$2"
  work=$OUT/.work-$1
  rm -rf "$work"
  mkdir -p "$work"
  skopeo copy --quiet "oci:$OUT/$2:$2" "oci:$work/layout:$1" >&2
  umoci unpack --image "$work/layout:$1" "$work/bundle" >&2
  root=$work/bundle/rootfs
}

apt_install() {
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  mv "$root/etc/hosts" "$root/etc/hosts.kept" 2>/dev/null || :
  cp /etc/hosts "$root/etc/hosts"
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  chroot "$root" apt-get update -q >&2
  # some programs look into /proc while they are set up; the mount ends with its namespace, whatever happens
  unshare --mount --propagation private sh -c 'mount -t proc proc "$1/proc" 2>/dev/null || :; exec chroot "$@"' sh "$root" \
    apt-get install -qy --no-install-recommends "$@" >&2
  chroot "$root" apt-get clean >&2
  rm -rf "$root"/var/lib/apt/lists/* "$root/usr/sbin/policy-rc.d" "$root/etc/resolv.conf" "$root/etc/hosts"
  mv "$root/etc/hosts.kept" "$root/etc/hosts" 2>/dev/null || :
}

# Wheels for the image's Python, whatever Python the host has.
pip_install() {
  pip3 install --quiet --no-compile --no-warn-conflicts --python-version "$PYTHON" --implementation cp --platform manylinux2014_x86_64 --platform manylinux_2_28_x86_64 \
    --only-binary=:all: --target "$root/usr/local/lib/python$PYTHON/dist-packages" "$@" >&2
}

npm_install() {
  npm install --silent --ignore-scripts --no-audit --no-fund --cache "$OUT/.npm-cache" "$@" >&2
}

# A small program with a replaced module. $1 where it goes
go_build() {
  source=$work/go
  mkdir -p "$source"
  cat >"$source/main.go" <<'GO'
package main

import (
	"fmt"

	"github.com/google/uuid"
	"golang.org/x/mod/semver"
	"golang.org/x/text/language"
	"gopkg.in/yaml.v3"
	"rsc.io/quote"
)

func main() {
	out, _ := yaml.Marshal(map[string]string{"id": uuid.NewString(), "go": quote.Go(), "v": semver.Canonical("v1"), "l": language.English.String()})
	fmt.Print(string(out))
}
GO
  cat >"$source/go.mod" <<'GO'
module example.com/shop/worker

go 1.21

require (
	github.com/google/uuid v1.6.0
	golang.org/x/mod v0.17.0
	golang.org/x/text v0.14.0
	gopkg.in/yaml.v3 v3.0.1
	rsc.io/quote v1.5.2
)

replace golang.org/x/mod => golang.org/x/mod v0.16.0
GO
  (cd "$source" && go mod tidy && CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -o "$1" .) >&2
}

# Builds what is missing of the images named, with `build NAME` of the script.
build_missing() {
  mkdir -p "$OUT"
  OUT=$(cd "$OUT" && pwd)
  for image in "$@"; do [ -f "$OUT/$image/index.json" ] || missing_image=yes; done
  [ -n "${missing_image:-}" ] || return 0
  need_tools
  # one build at a time: tests run side by side
  exec 9>"$OUT/.lock"
  flock 9
  for image in "$@"; do build "$image"; done
}
