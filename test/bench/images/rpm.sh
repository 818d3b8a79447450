# Small packages made by rpmbuild, installed by rpm --root, with the database in SQLite; a second root has their headers in Berkeley DB.

build_rpm() {
  if ! command -v rpmbuild || ! command -v db5.3_load; then apt-get install -qy --no-install-recommends rpm db5.3-util || skip 'needs rpm and db5.3-util'; fi >&2
  work=$OUT/.work-rpm
  new_layout rpm "$work"
  umoci unpack --image "$work/layout:rpm" "$work/bundle" >&2
  root=$work/bundle/rootfs
  mkdir -p "$root/etc"
  printf 'ID=fedora\nNAME="Fedora Linux"\nVERSION_ID=41\n' >"$root/etc/os-release"

  rpm_spec webshop 2.4.1 3.fc41 x86_64 'Epoch: 1' 'Requires: libshop >= 1.0' 'Provides: shop-frontend = 2.4'
  rpm_spec libshop 1.0.7 12.fc41 x86_64 'License: LGPL-2.1-or-later OR (MIT AND BSD-3-Clause)'
  rpm_spec shop-data 20260101 1 noarch 'Modularitylabel: shop:2:4120260101:abcdef12'
  rpm_spec python3-shop 0.9~rc2 1.fc41 noarch
  rpm_spec tool+plus 1.0^git20260301 0.1.fc41 x86_64
  for number in $(seq 1 40); do rpm_spec "pack$number" "$number.0" 1.fc41 noarch; done
  for spec in "$work"/specs/*.spec; do
    rpmbuild -bb --quiet --target "$(sed -n 's/^#target //p' "$spec")" --define "_topdir $work/build" --define '_build_id_links none' "$spec" >&2
  done
  find "$work/build/RPMS" -name '*.rpm' -exec rpm --root "$root" --define '_db_backend sqlite' --define '_dbpath /usr/lib/sysimage/rpm' -i --nodeps --ignorearch --ignoreos {} + >&2
  pack "$work" rpm 'rpm -i (SQLite)'
  # the same headers as older systems keep them, below a folder that is a root of its own
  mkdir -p "$root/mnt/old/var/lib/rpm"
  python3 - "$root/usr/lib/sysimage/rpm/rpmdb.sqlite" <<'PYTHON' | db5.3_load "$root/mnt/old/var/lib/rpm/Packages"
import sqlite3, struct, sys
rows = sqlite3.connect(sys.argv[1]).execute('select hnum, blob from Packages order by hnum').fetchall()
print('VERSION=3', 'format=bytevalue', 'type=hash', 'HEADER=END', sep='\n')
for number, header in [(0, struct.pack('<I', rows[-1][0])), *rows]:
    print(' ' + struct.pack('<I', number).hex(), ' ' + header.hex(), sep='\n')
print('DATA=END')
PYTHON
  pack "$work" rpm 'rpm -i (Berkeley DB)'
  finish rpm "$work"
}

# $1 name, $2 version, $3 release, $4 architecture, other tags
rpm_spec() {
  mkdir -p "$work/specs"
  name=$1
  {
    echo "#target $4"
    printf 'Name: %s\nVersion: %s\nRelease: %s\nSummary: %s for tests\n' "$1" "$2" "$3" "$1"
    [ "$4" = noarch ] && echo 'BuildArch: noarch'
    shift 4
    case "$*" in *License:*) ;; *) echo 'License: MIT' ;; esac
    for tag in "$@"; do echo "$tag"; done
    printf '%%description\nA package.\n%%install\nmkdir -p %%{buildroot}/usr/share/%s\necho %s >%%{buildroot}/usr/share/%s/about\n' "$name" "$name" "$name"
    printf '%%files\n/usr/share/%s\n' "$name"
  } >"$work/specs/$name.spec"
}
