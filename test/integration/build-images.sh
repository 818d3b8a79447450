#!/bin/sh
# Builds real Debian images as OCI layouts, one layer for each step, with mmdebstrap, umoci, apt, pip, npm and go.
#
#     build-images.sh OUTDIR NAME...        NAME: base base-certs app big
#
# OUTDIR/NAME is the layout (its tag is NAME too); OUTDIR/app-bundle/rootfs is the application's unpacked file system. What is there already stays. Needs
# root on Debian with package sources for bookworm; exits 77 when it cannot work here.
set -eu

OUT=${1:?OUTDIR}
shift
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

# $1 name, $2 work folder
finish() {
  umoci gc --layout "$2/layout" >&2
  rm -rf "${OUT:?}/$1"
  mv "$2/layout" "$OUT/$1"
  if [ "$1" = app ]; then
    rm -rf "$OUT/app-bundle"
    mv "$2/bundle" "$OUT/app-bundle"
  fi
  rm -rf "$2"
}

# $1 name, $2 name of its base
start_from() {
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
  chroot "$root" apt-get install -qy --no-install-recommends "$@" >&2
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

build_app() {
  start_from app base
  apt_install python3 python3-yaml python3-requests nodejs ca-certificates less openssh-client dbus sudo
  pack "$work" app 'apt-get install python3 nodejs ca-certificates less openssh-client dbus sudo'

  pip_install flask==3.1.0 pydantic==2.10.6 cryptography==44.0.1 numpy==2.2.3 attrs==25.1.0 rich==13.9.4 httpx==0.28.1 'ruamel.yaml==0.18.10'
  pack "$work" app 'pip install flask pydantic cryptography numpy'

  mkdir -p "$root/app"
  cat >"$root/app/package.json" <<'JSON'
{
  "name": "shop-web",
  "version": "1.4.0",
  "license": "Apache-2.0",
  "dependencies": {
    "@npmcli/arborist": "8.0.0",
    "express": "4.21.2",
    "node-gyp": "11.1.0",
    "string-width": "7.2.0",
    "yargs-old": "npm:yargs@15.4.1",
    "yargs": "17.7.2"
  }
}
JSON
  npm_install --prefix "$root/app"
  npm_install --global --prefix "$root/usr/local" npm@10.9.2
  pack "$work" app 'npm install'

  go_build "$root/usr/local/bin/shop-worker"
  pack "$work" app 'go build'
  umoci config --image "$work/layout:app" --config.workingdir /app --config.user nobody --config.entrypoint /usr/local/bin/shop-worker >&2
  finish app "$work"
}

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

build_big() {
  start_from big base-certs
  apt_install python3 nodejs clang g++ make git
  pack "$work" big 'apt-get install python3 nodejs clang g++ make git'

  pip_install numpy==2.2.3 scipy==1.15.2 pandas==2.2.3 scikit-learn==1.6.1 matplotlib==3.10.0 pyarrow==19.0.0 statsmodels==0.14.4 sympy==1.13.3 notebook==7.3.2 polars==1.22.0
  pack "$work" big 'pip install numpy scipy pandas scikit-learn matplotlib'

  mkdir -p "$root/app"
  echo '{"name": "big-web", "version": "1.0.0"}' >"$root/app/package.json"
  npm_install --prefix "$root/app" typescript@5.7.3 webpack@5.98.0 jest@29.7.0 eslint@9.20.1 next@15.1.7 react@19.0.0 react-dom@19.0.0 @babel/preset-env@7.26.9
  pack "$work" big 'npm install'

  go_build "$root/usr/local/bin/shop-worker"
  pack "$work" big 'go build'
  finish big "$work"
}

build() {
  [ -f "$OUT/$1/index.json" ] && return
  echo "building $1 in $OUT" >&2
  case $1 in
    base) build_base base ;;
    base-certs) build_base base-certs --include=ca-certificates ;;
    app) build base && build_app ;;
    big) build base-certs && build_big ;;
    *) echo "no image is called $1" >&2 && exit 2 ;;
  esac
}

mkdir -p "$OUT"
OUT=$(cd "$OUT" && pwd)
for image in "$@"; do [ -f "$OUT/$image/index.json" ] || missing_image=yes; done
[ -n "${missing_image:-}" ] || exit 0
need_tools
# one build at a time: tests run side by side
exec 9>"$OUT/.lock"
flock 9
for image in "$@"; do build "$image"; done
