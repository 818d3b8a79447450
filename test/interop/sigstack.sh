#!/usr/bin/env bash
# Keyless signatures between waybill and cosign over a real Sigstore on loopback: sigstack.sh STACK SCRATCH WAYBILL-COMMAND...
# STACK is a folder with the stack's scripts and programs (up.sh, env.sh, down.sh, bin/), SCRATCH has the layout `images` with the tags `app` and `multi`.
# Runs inside a network namespace of its own. Prints one line for each thing that was tried: "ok NAME", or "not ok NAME: " and the last lines of output.
set -u
stack=$1 scratch=$2
shift 2
waybill=("$@")
export STATE="$scratch/state" PATH="$stack/bin:$PATH" COSIGN_PASSWORD=interop WAYBILL_CACHE_DIR="$scratch/cache" HOME="$scratch"
cd "$scratch" || exit 1
up=(--fresh)
[ -x "$stack/bin/rekor-server" ] && up+=(--rekor1)
"$stack/up.sh" "${up[@]}" >up.log 2>&1 || { echo "not ok boot: $(tail -3 up.log | tr '\n' ' ')"; exit 1; }
trap '"$stack/down.sh" >/dev/null 2>&1' EXIT
# shellcheck source=/dev/null
. "$stack/env.sh"

try() { # name, expected exit code, command...
  local name=$1 expected=$2 code
  shift 2
  "$@" >out.log 2>&1
  code=$?
  if [ "$code" = "$expected" ]; then echo "ok $name"; else echo "not ok $name: exit $code: $(tail -4 out.log | tr '\n' ' ')"; fi
}
token() { node "$stack/oidc/mint.mjs" "${@:-email}" ${1:+--email=alice@example.test}; }
root=(--trusted-root "$TRUSTED_ROOT")
services=(--signing-config "$SIGNING_CONFIG" "${root[@]}")
stamped=(--signing-config "$SIGNING_CONFIG_NOTLOG" "${root[@]}")
issuer=(--certificate-oidc-issuer "$OIDC_BASE")
alice=(--certificate-identity alice@example.test "${issuer[@]}" "${root[@]}")
mallory=(--certificate-identity mallory@example.test "${issuer[@]}" "${root[@]}")
echo '{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"serialNumber":"urn:uuid:3e671687-395b-41f5-a30f-a58921a69b79"}' >bom.json
echo hello >file.txt
echo other >other.txt

for registry in "$REG_PLAIN" "$REG_DEBIAN" "$REG_OCI11" "$REG_CUE"; do
  here=(--insecure-registry "$registry")
  ours="$registry/interop/ours" theirs="$registry/interop/theirs" multi="$registry/interop/multi"
  try "$registry copy" 0 "${waybill[@]}" copy oci:images:app "$ours:1" "${here[@]}"
  try "$registry copy again" 0 "${waybill[@]}" copy oci:images:app "$theirs:1" "${here[@]}"
  digest=$(crane digest --insecure "$ours:1")
  try "$registry waybill signs" 0 "${waybill[@]}" sign "$ours:1" "${here[@]}" "${services[@]}" --identity-token "$(token email)"
  try "$registry waybill attests" 0 "${waybill[@]}" attest "$ours:1" "${here[@]}" "${services[@]}" --identity-token "$(token email)" --type cyclonedx --predicate bom.json
  try "$registry cosign accepts the signature" 0 cosign verify "${alice[@]}" "$ours@$digest"
  try "$registry cosign accepts the attestation" 0 cosign verify-attestation "${alice[@]}" --type cyclonedx "$ours@$digest"
  try "$registry waybill accepts its own" 0 "${waybill[@]}" verify "$ours:1" "${here[@]}" "${alice[@]}"
  try "$registry waybill refuses another identity" 1 "${waybill[@]}" verify "$ours:1" "${here[@]}" "${mallory[@]}"
  try "$registry cosign signs" 0 cosign sign -y "${services[@]}" --identity-token "$(token email)" "$theirs@$digest"
  try "$registry cosign attests" 0 cosign attest -y "${services[@]}" --identity-token "$(token email)" --type cyclonedx --predicate bom.json "$theirs@$digest"
  try "$registry waybill accepts cosign's signature" 0 "${waybill[@]}" verify "$theirs:1" "${here[@]}" "${alice[@]}"
  try "$registry waybill accepts cosign's attestation" 0 "${waybill[@]}" verify "$theirs:1" "${here[@]}" "${alice[@]}" --type cyclonedx
  try "$registry an index and its platforms" 0 "${waybill[@]}" copy oci:images:multi "$multi:1" "${here[@]}"
  try "$registry waybill signs recursively" 0 "${waybill[@]}" sign "$multi:1" --recursive "${here[@]}" "${services[@]}" --identity-token "$(token email)"
  try "$registry each platform is signed" 0 "${waybill[@]}" verify "$multi:1" --platform linux/arm64 "${here[@]}" "${alice[@]}"
  try "$registry cosign accepts the index" 0 cosign verify "${alice[@]}" "$multi@$(crane digest --insecure "$multi:1")"
done

try "timestamps alone: waybill signs" 0 "${waybill[@]}" sign oci:images:app "${stamped[@]}" --identity-token "$(token email)"
try "timestamps alone: waybill accepts it where no log is asked for" 0 "${waybill[@]}" verify oci:images:app "${alice[@]}" --insecure-ignore-tlog
try "timestamps alone: waybill refuses it where one is" 1 "${waybill[@]}" verify oci:images:app "${alice[@]}"
try "keys: a pair" 0 "${waybill[@]}" key generate --output-key-prefix pair
try "keys: waybill signs into the log" 0 "${waybill[@]}" blob sign file.txt --key pair.key "${services[@]}" --bundle keyed.json
try "keys: cosign accepts it" 0 cosign verify-blob file.txt --bundle keyed.json --key pair.pub "${root[@]}"
try "files: waybill signs" 0 "${waybill[@]}" blob sign file.txt "${services[@]}" --identity-token "$(token email)" --bundle ours.json
try "files: cosign signs" 0 cosign sign-blob -y file.txt "${services[@]}" --identity-token "$(token email)" --bundle theirs.json
try "files: a token that is none" 6 "${waybill[@]}" blob sign file.txt "${services[@]}" --identity-token nonsense --bundle none.json

# a repository of trust, in place of files
node "$stack/tuf/make-repo.mjs" "$STATE/tuf" "$TRUSTED_ROOT" "$SIGNING_CONFIG" >/dev/null
mirror=(--tuf-mirror "$OIDC_BASE/tuf" --tuf-root "$STATE/tuf/1.root.json")
try "trust repository: waybill updates" 0 "${waybill[@]}" trust update "${mirror[@]}"
try "trust repository: waybill signs by what it says" 0 "${waybill[@]}" blob sign file.txt "${mirror[@]}" --identity-token "$(token email)" --bundle tuf.json
try "trust repository: waybill accepts" 0 "${waybill[@]}" blob verify file.txt --bundle tuf.json --certificate-identity alice@example.test "${issuer[@]}" "${mirror[@]}"
try "trust repository: cosign initializes" 0 cosign initialize --mirror "$OIDC_BASE/tuf" --root "$STATE/tuf/1.root.json"
try "trust repository: cosign accepts" 0 cosign verify-blob file.txt --bundle tuf.json --certificate-identity alice@example.test "${issuer[@]}"

# the first Rekor, and the layout of cosign 1 and 2, which needs it
if grep -q '^rekor1 ' "$STATE/pids"; then
  first=(--signing-config "$SIGNING_CONFIG_V1" "${root[@]}")
  legacy=(--new-bundle-format=false --use-signing-config=false --fulcio-url "$FULCIO_URL" --rekor-url "$REKOR1_URL" --oidc-issuer "$OIDC_BASE" "${root[@]}")
  try "rekor 1: waybill signs a file" 0 "${waybill[@]}" blob sign file.txt "${first[@]}" --identity-token "$(token email)" --bundle first-ours.json
  try "rekor 1: cosign accepts it" 0 cosign verify-blob file.txt --bundle first-ours.json "${alice[@]}"
  try "rekor 1: cosign signs a file" 0 cosign sign-blob -y file.txt "${first[@]}" --identity-token "$(token email)" --bundle first-theirs.json
  try "rekor 1: waybill accepts it" 0 "${waybill[@]}" blob verify file.txt --bundle first-theirs.json "${alice[@]}"
  try "rekor 1: waybill signs with a key" 0 "${waybill[@]}" blob sign file.txt --key pair.key "${first[@]}" --bundle first-keyed.json
  try "rekor 1: cosign accepts the key" 0 cosign verify-blob file.txt --bundle first-keyed.json --key pair.pub "${root[@]}"
  for registry in "$REG_DEBIAN" "$REG_OCI11"; do
    here=(--insecure-registry "$registry")
    ours="$registry/interop/first-ours" theirs="$registry/interop/first-theirs" old="$registry/interop/old"
    for image in "$ours" "$theirs" "$old"; do "${waybill[@]}" copy oci:images:app "$image:1" "${here[@]}" >/dev/null 2>&1; done
    digest=$(crane digest --insecure "$ours:1")
    try "rekor 1: $registry waybill signs" 0 "${waybill[@]}" sign "$ours:1" "${here[@]}" "${first[@]}" --identity-token "$(token email)"
    try "rekor 1: $registry waybill attests" 0 "${waybill[@]}" attest "$ours:1" "${here[@]}" "${first[@]}" --identity-token "$(token email)" --type cyclonedx --predicate bom.json
    try "rekor 1: $registry cosign accepts the signature" 0 cosign verify "${alice[@]}" "$ours@$digest"
    try "rekor 1: $registry cosign accepts the attestation" 0 cosign verify-attestation "${alice[@]}" --type cyclonedx "$ours@$digest"
    try "rekor 1: $registry cosign signs" 0 cosign sign -y "${first[@]}" --identity-token "$(token email)" "$theirs@$digest"
    try "rekor 1: $registry cosign attests" 0 cosign attest -y "${first[@]}" --identity-token "$(token email)" --type cyclonedx --predicate bom.json "$theirs@$digest"
    try "rekor 1: $registry waybill accepts the signature" 0 "${waybill[@]}" verify "$theirs:1" "${here[@]}" "${alice[@]}"
    try "rekor 1: $registry waybill accepts the attestation" 0 "${waybill[@]}" verify "$theirs:1" "${here[@]}" "${alice[@]}" --type cyclonedx
    try "old layout: $registry cosign signs" 0 cosign sign -y "${legacy[@]}" --identity-token "$(token email)" "$old@$digest"
    try "old layout: $registry cosign attests" 0 cosign attest -y "${legacy[@]}" --identity-token "$(token email)" --type cyclonedx --predicate bom.json "$old@$digest"
    try "old layout: $registry waybill accepts the signature" 0 "${waybill[@]}" verify "$old:1" "${here[@]}" "${alice[@]}" --allow-legacy
    try "old layout: $registry waybill accepts the attestation" 0 "${waybill[@]}" verify "$old:1" "${here[@]}" "${alice[@]}" --type cyclonedx --allow-legacy
    try "old layout: $registry waybill refuses another identity" 1 "${waybill[@]}" verify "$old:1" "${here[@]}" "${mallory[@]}" --allow-legacy
    try "old layout: $registry waybill refuses it unasked" 1 "${waybill[@]}" verify "$old:1" "${here[@]}" "${alice[@]}"
  done
else
  echo "ok rekor 1 is not built here"
fi

# from here on nothing answers
"$stack/down.sh" >/dev/null 2>&1
try "offline: waybill accepts its own file signature" 0 "${waybill[@]}" blob verify file.txt --bundle ours.json "${alice[@]}" --offline
try "offline: waybill accepts cosign's file signature" 0 "${waybill[@]}" blob verify file.txt --bundle theirs.json "${alice[@]}" --offline
try "offline: cosign accepts ours" 0 cosign verify-blob file.txt --bundle ours.json "${alice[@]}"
try "offline: waybill refuses another file" 1 "${waybill[@]}" blob verify other.txt --bundle ours.json "${alice[@]}" --offline
try "offline: waybill accepts the keyed one, log and all" 0 "${waybill[@]}" blob verify file.txt --bundle keyed.json --key pair.pub "${root[@]}" --offline
try "offline: the first log's entry is enough" 0 bash -c '[ ! -f first-theirs.json ] || "$@"' check "${waybill[@]}" blob verify file.txt --bundle first-theirs.json "${alice[@]}" --offline
try "services down: signing is exit 4" 4 "${waybill[@]}" blob sign file.txt "${services[@]}" --identity-token "$(token email)" --bundle late.json
