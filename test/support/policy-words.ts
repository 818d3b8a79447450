/** Every word of the policy file, once. */
export const EVERY_WORD = `
apiVersion: waybill.dev/v1
kind: Policy
name: production
unmatched: deny
deny: { digests: ["sha256:${'a'.repeat(64)}"] }
trust:
  trustedRoot: trusted_root.json
  tuf: { mirror: "https://tuf.example.com", root: root.json }
identities:
  shop-release:
    issuer: https://token.actions.githubusercontent.com
    subject: https://github.com/acme/shop/.github/workflows/release.yml@refs/heads/main
    extensions: { sourceRepository: "https://github.com/acme/shop", runnerEnvironment: github-hosted }
  by-tag: { issuer: "https://token.actions.githubusercontent.com", subjectRegexp: 'https://github\\.com/acme/shop/\\.github/workflows/release\\.yml@refs/tags/v.*' }
  release-key: { key: keys/release.pub, requireTransparencyLog: false }
  debian-images: { key: keys/debian.pub }
bases:
  lock: bases.lock.jsonl
  lockSignedBy: [release-key]
  lockHead: "sha256:${'b'.repeat(64)}"
  entries:
    - { name: debian, kind: image, image: docker.io/library/debian, tags: ["12", "12-slim", "12.*"], history: 180d, signedBy: [debian-images], upgrades: warn, squashed: deny }
    - { name: scratch, kind: scratch, builtBy: [shop-release] }
    - { name: wolfi, kind: packages, purls: ["pkg:apk/wolfi/*"], signedBy: [shop-release] }
rules:
  - name: shop
    mode: enforce
    images: ["registry.example.com/shop/**"]
    platforms: all
    signatures: { by: [shop-release, release-key, by-tag], threshold: 1, annotations: { env: prod }, maxAge: 365d }
    attestations:
      - { type: cyclonedx, by: [shop-release, release-key], rederive: true, threshold: 2, maxAge: 12h }
      - { type: slsaprovenance1, by: [shop-release], builder: "https://github.com/actions/runner/github-hosted", source: "https://github.com/acme/shop" }
      - { type: "https://example.com/predicate", by: [release-key] }
    base:
      allow: [debian, scratch, wolfi]
      evidence: content
      require: [authenticated, attested]
      unexplained: deny
      tamper: deny
      tamperAllow: ["/usr/local/share/ca-certificates/**"]
      freshness: { behind: 30d }
    buildInputs: { allow: [debian] }
    components:
      deny: [{ purl: "pkg:npm/event-stream", versions: "3.3.6", reason: malicious }]
      licenses: { deny: [AGPL-3.0-only] }
    files: { unaccountedExecutables: 0, modifiedPackageFiles: 0, setuidBeyondBase: 0 }
    image: { checks: { IMG001: deny, IMG002: warn, IMG006: off }, digestPinned: true }
    rego: [{ bundle: policies/extra.tar.gz, entrypoint: waybill/deny }]
    vsa: { by: [shop-release], maxAge: 7d }
    effectiveOn: 2027-01-15
  - { name: subset, mode: warn, images: ["registry.example.com/other"], platforms: [linux/amd64, linux/arm/v7], image: { digestPinned: true } }
exceptions:
  - { rule: shop, check: base, images: ["registry.example.com/shop/legacy"], digests: ["sha256:${'c'.repeat(64)}"], reason: "old", owner: ops@example.com, ticket: OPS-123, expires: 2026-12-31 }
`;
