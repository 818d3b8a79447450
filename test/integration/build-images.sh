#!/bin/sh
# Builds real Debian images as OCI layouts, one layer for each step.
#
#     build-images.sh OUTDIR NAME...        NAME: base base-certs app big
#
# OUTDIR/NAME is the layout (its tag is NAME too); OUTDIR/app-bundle/rootfs is the application's unpacked file system. What is there already stays. Needs
# root on Debian with package sources for bookworm; exits 77 when it cannot work here.
set -eu

OUT=${1:?OUTDIR}
shift
. "$(dirname "$0")/../support/image-building.sh"
KEEP_BUNDLES=app

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

build_missing "$@"
