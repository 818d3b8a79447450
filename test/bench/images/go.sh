# Real Go programs from the module proxy, with and without symbol tables, one layer of about half a gigabyte on an empty base.

build_go() {
  work=$OUT/.work-go
  new_layout go "$work"
  umoci unpack --image "$work/layout:go" "$work/bundle" >&2
  root=$work/bundle/rootfs
  mkdir -p "$root/etc" "$root/usr/local/bin" "$root/opt/debug"
  printf 'ID=scratchy\nNAME=Scratchy\nVERSION_ID=1\n' >"$root/etc/os-release"
  pack "$work" go 'an empty system'

  strip='-s -w'
  go_program github.com/google/go-containerregistry/cmd/crane@v0.22.1
  go_program github.com/google/go-containerregistry/cmd/registry@v0.22.1
  go_program github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
  go_program github.com/anchore/syft/cmd/syft@v1.51.0
  go_program sigs.k8s.io/kustomize/kustomize/v5@v5.6.0
  go_program github.com/caddyserver/caddy/v2/cmd/caddy@v2.9.1
  go_build "$root/usr/local/bin/shop-worker"
  # the same programs as `go install` alone makes them
  strip=
  for program in github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3 github.com/anchore/syft/cmd/syft@v1.51.0; do go_program "$program" "$root/opt/debug"; done
  pack "$work" go 'go install'
  umoci config --image "$work/layout:go" --config.entrypoint /usr/local/bin/crane >&2
  finish go "$work"
}

# $1 package@version, $2 folder instead of /usr/local/bin
go_program() {
  CGO_ENABLED=0 GOTOOLCHAIN=local GOBIN=${2:-$root/usr/local/bin} GOFLAGS=-trimpath nice go install "-ldflags=$strip" "$1" >&2
}
