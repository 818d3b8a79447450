#!/bin/sh
# Puts what ordinary Dockerfiles do on a real Debian base, one OCI layout with one more layer for each step.
#
#     ordinary-steps.sh OUTDIR BASE STEP...     STEP: apt useradd certificates chmod clean locales ldconfig pip npm alternatives timezone
#
# BASE is a layout that build-images.sh made with the tag base-certs; OUTDIR/STEP is the step's layout (its tag is STEP too). What is there already stays.
# Exits 77 when it cannot work here.
set -eu

OUT=${1:?OUTDIR}
BASE=${2:?BASE}
shift 2
. "$(dirname "$0")/../support/image-building.sh"

step_apt() {
  apt_install curl git
}

step_useradd() {
  chroot "$root" groupadd --system --gid 999 app
  chroot "$root" useradd --system --uid 999 --gid app --home-dir /app --shell /usr/sbin/nologin app
  mkdir -p "$root/app"
  chown 999:999 "$root/app"
}

step_certificates() {
  mkdir -p "$root/usr/local/share/ca-certificates"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 3650 -subj "/CN=company" -keyout /dev/null \
    -out "$root/usr/local/share/ca-certificates/company.crt" 2>/dev/null
  chroot "$root" update-ca-certificates >&2
}

step_chmod() {
  mkdir -p "$root/srv/data"
  echo '#!/bin/sh' >"$root/usr/local/bin/start"
  chmod 755 "$root/usr/local/bin/start"
  chmod 2775 "$root/srv/data"
  chmod 1777 "$root/tmp"
  chmod -R g=u "$root/srv"
}

step_clean() {
  rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/* "$root"/var/log/* "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/tmp/*
}

step_locales() {
  apt_install locales
  echo 'en_US.UTF-8 UTF-8' >>"$root/etc/locale.gen"
  chroot "$root" locale-gen >&2
}

step_ldconfig() {
  mkdir -p "$root/usr/local/lib"
  cp "$root/usr/lib/x86_64-linux-gnu/libz.so.1" "$root/usr/local/lib/libours.so.1"
  chroot "$root" ldconfig
}

step_pip() {
  pip_install flask==3.1.0
}

step_npm() {
  mkdir -p "$root/app"
  echo '{"name": "shop-web", "version": "1.0.0", "license": "MIT"}' >"$root/app/package.json"
  npm_install --prefix "$root/app" express@4.21.2
}

step_alternatives() {
  chroot "$root" update-alternatives --install /usr/bin/pager pager /usr/bin/tac 90 >&2
}

step_timezone() {
  ln -snf /usr/share/zoneinfo/Europe/Berlin "$root/etc/localtime"
  echo Europe/Berlin >"$root/etc/timezone"
}

build() {
  [ -f "$OUT/$1/index.json" ] && return
  echo "building $1 in $OUT" >&2
  [ -e "$OUT/base-certs" ] || cp -r "$BASE" "$OUT/base-certs"
  start_from "$1" base-certs
  "step_$1"
  pack "$work" "$1" "RUN $1"
  finish "$1" "$work"
}

build_missing "$@"
