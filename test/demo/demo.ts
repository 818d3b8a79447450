// The README's first command: assembles a real Node image from what `npm ci` brought, releases it, locks its base, and lets the gate decide about it and
// about images that somebody tampered with. Every command is printed before it runs. Needs no server, no root, no Docker.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { assembleImages } from './assemble-images.ts';

const root = join(import.meta.dirname, '..', '..');
const folder = join(root, '.demo');

interface Run {
  readonly status: number;
  readonly stdout: string;
}

/** The Node that runs the commands: smoke tests try the built command line on others than the one that assembles the images. */
const node = process.env['WAYBILL_DEMO_NODE'] ?? process.execPath;

/** Runs one waybill command in the demo's folder, showing it as a user would type it. */
function waybill(command: string, expectedStatus = 0): Run {
  process.stdout.write(`\n$ waybill ${command}\n`);
  const argv = command.match(/"[^"]*"|\S+/g)!.map((word) => word.replaceAll('"', ''));
  const { status, stdout, stderr } = spawnSync(node, [join(root, 'bin', 'run.js'), ...argv], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, COSIGN_PASSWORD: 'demo', WAYBILL_CACHE_DIR: join(folder, 'cache') },
    maxBuffer: 64 * 1024 * 1024,
  });
  process.stdout.write(indent(stdout) + indent(stderr));
  assert.equal(status, expectedStatus, `waybill ${command} ended with ${status}, expected ${expectedStatus}`);
  return { status, stdout };
}

function say(text: string): void {
  process.stdout.write(`\n# ${text}\n`);
}

function indent(text: string): string {
  return text === '' ? '' : `${text.trimEnd().replaceAll(/^/gm, '  ')}\n`;
}

const POLICY = `apiVersion: waybill.dev/v1
kind: Policy
name: demo
identities:
  release: { key: release.pub }
  gate: { key: gate.pub }
  base-vendor: { key: vendor.pub }
bases:
  lock: bases.lock.jsonl
  lockSignedBy: [release]
  entries:
    - name: node
      image: registry.example.com/base/node
      tags: ["26"]
      signedBy: [base-vendor]
rules:
  - name: shop
    images: ["registry.example.com/shop/**"]
    signatures: { by: [release] }
    attestations:
      - { type: cyclonedx, by: [release], rederive: true }
    base: { allow: [node], evidence: content, require: [authenticated], tamper: deny }
    files: { unaccountedExecutables: 0 }
    image: { checks: { IMG001: deny, IMG010: deny } }
    vsa: { by: [gate] }
`;

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
say(
  'A base image (the Node runtime), an application on it, three images that somebody tampered with, and a newer base, written by waybill’s own OCI writer.',
);
const sizes = await assembleImages(join(folder, 'images'));
for (const { tag, sizeBytes, what } of sizes)
  process.stdout.write(`  oci:images:${tag.padEnd(13)} ${(sizeBytes / 1e6).toFixed(1).padStart(6)} MB  ${what}\n`);
writeFileSync(join(folder, 'policy.yaml'), POLICY);
process.stdout.write(`\n$ cat policy.yaml\n${indent(POLICY)}`);

say('The base’s vendor signs it. We observe the base into the lock of our policy, and sign the lock.');
for (const who of ['vendor', 'release', 'gate']) waybill(`key generate --output-key-prefix ${who}`);
waybill('sign oci:images:node-26 --key vendor.key');
waybill('base lock --policy policy.yaml --source node:26=oci:images:node-26 --key release.key');
waybill('policy lint policy.yaml');
waybill('policy explain policy.yaml');

say('A release engineer looks at the SBOM and releases the image: SBOM, attestation, signature, self-verification.');
waybill('sbom create oci:images:app -o cyclonedx-json=bom.json -o table=packages.txt');
waybill('release oci:images:app --key release.key');
waybill('verify oci:images:app --key release.pub --insecure-ignore-tlog');
waybill('verify oci:images:app --key vendor.pub --insecure-ignore-tlog', 1);

say('An auditor asks what it stands on, and what is in it that no package brought.');
waybill('base detect oci:images:app --lock bases.lock.jsonl');
waybill('image files oci:images:app --lock bases.lock.jsonl --class unaccounted,binary');

say(
  'The deploy gate decides: the good image is allowed. It signs a summary of that, so that the next gate need not read layers again ...',
);
const as = '--as registry.example.com/shop/app --policy policy.yaml';
waybill(
  `gate check oci:images:app ${as} --evidence-out evidence.json --decision-out decision.json --vsa-attach --key gate.key`,
);
waybill(`gate check oci:images:app ${as}`);
waybill('tree oci:images:app');

say('... and decides the same from the evidence that was kept, without the image ...');
waybill('gate replay evidence.json --policy policy.yaml');

say(
  '... an image that nobody signed, with a program that nothing accounts for, is refused; SARIF takes that to code scanning ...',
);
waybill(`gate check oci:images:app-altered ${as} -o text -o sarif=altered.sarif`, 1);

say(
  '... and so is one that was released with the right key, but whose upper layer replaces the base’s certificates ...',
);
waybill('release oci:images:app-tampered --key release.key');
waybill(`gate check oci:images:app-tampered ${as}`, 1);

say('... or that only says it stands on the allowed base.');
waybill('release oci:images:app-lying --key release.key');
waybill(`gate check oci:images:app-lying ${as}`, 1);

say('Later the vendor moves the base’s tag. The lock remembers where it led, so the image is behind, and not unknown.');
waybill('sign oci:images:node-26-next --key vendor.key');
waybill('base lock --policy policy.yaml --source node:26=oci:images:node-26-next --key release.key');
waybill('base check oci:images:app --policy policy.yaml --as registry.example.com/shop/app');

say(
  `Done. The good image was allowed, three bad ones were refused with their reasons. Everything is in ${relative(root, folder)}/.`,
);
