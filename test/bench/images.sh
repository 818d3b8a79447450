#!/bin/sh
# Builds the images of the benchmark and of the accuracy suite as OCI layouts: real software, installed by the installers that people use.
#
#     images.sh OUTDIR NAME...        NAME: python node go java rpm ruby php rust, see images/NAME.sh
#
# OUTDIR/NAME is the layout (its tag is NAME too), OUTDIR/NAME-bundle/rootfs its unpacked file system, for oracles. What is there already stays.
# Needs root on Debian with package sources for bookworm, and registries for the package managers; exits 77 when it cannot work here.
set -eu

HERE=$(cd "$(dirname "$0")" && pwd)
OUT=${1:?OUTDIR}
shift
. "$HERE/../support/image-building.sh"
KEEP_BUNDLES=$*

build() {
  [ -f "$OUT/$1/index.json" ] && return
  echo "building $1 in $OUT" >&2
  case $1 in
    base) build_base base ;;
    *)
      [ -f "$HERE/images/$1.sh" ] || { echo "no image is called $1" >&2 && exit 2; }
      . "$HERE/images/$1.sh"
      "build_$1"
      ;;
  esac
}

build_missing "$@"
