# Programs built by cargo auditable, and one without its section, on an empty base.

build_rust() {
  command -v cargo >/dev/null || skip 'needs cargo on the host'
  work=$OUT/.work-rust
  new_layout rust "$work"
  umoci unpack --image "$work/layout:rust" "$work/bundle" >&2
  root=$work/bundle/rootfs
  mkdir -p "$root/usr/local/bin"
  [ -x "$OUT/.cargo-auditable/bin/cargo-auditable" ] || nice cargo install --quiet --root "$OUT/.cargo-auditable" cargo-auditable@0.7.7 >&2
  source=$work/rust
  mkdir -p "$source/src"
  cat >"$source/Cargo.toml" <<'TOML'
[package]
name = "till"
version = "0.4.2"
edition = "2021"
license = "MIT"

[dependencies]
serde_json = "=1.0.140"
regex = "=1.11.1"
base64 = "=0.22.1"
semver = "=1.0.26"

[build-dependencies]
cc = "=1.2.16"
TOML
  cat >"$source/src/main.rs" <<'RUST'
use base64::Engine;
fn main() {
    let value: serde_json::Value = serde_json::from_str("{}").unwrap();
    let version = semver::Version::parse("1.0.0").unwrap();
    println!("{value} {version} {} {}", regex::Regex::new("a").unwrap().is_match("a"), base64::prelude::BASE64_STANDARD.encode("a"));
}
RUST
  echo 'fn main() {}' >"$source/build.rs"
  (cd "$source" && PATH=$OUT/.cargo-auditable/bin:$PATH nice cargo auditable build --quiet --release) >&2
  cp "$source/target/release/till" "$root/usr/local/bin/till"
  (cd "$source" && cargo tree --quiet --prefix none --edges normal,build --target x86_64-unknown-linux-gnu) | sort -u >"$OUT/rust.tree"
  (cd "$source" && nice cargo build --quiet --release --target-dir "$work/plain") >&2
  cp "$work/plain/release/till" "$root/usr/local/bin/till-plain"
  pack "$work" rust 'cargo auditable build'
  finish rust "$work"
}
