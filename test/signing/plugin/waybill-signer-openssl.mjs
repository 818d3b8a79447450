#!/usr/bin/env node
// A signer plug-in whose keys are PEM files that openssl reads: the worked example of the protocol `waybill-signer/1`.
// Install it as `waybill-signer-openssl` on PATH, then sign with `--key plugin:openssl#/path/to/key.pem`.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const openssl = (...args) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });

function sign({ keyRef, hash, digest, message }) {
  const folder = mkdtempSync(join(tmpdir(), 'waybill-signer-'));
  try {
    const input = join(folder, 'input');
    writeFileSync(input, Buffer.from(digest ?? message, 'base64'));
    // a digest is signed as it is; Ed25519 takes the message
    const how = hash === undefined ? ['-rawin'] : ['-pkeyopt', `digest:${hash}`];
    return openssl('pkeyutl', '-sign', '-inkey', keyRef, ...how, '-in', input);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function answer(request) {
  if (request.protocol !== 'waybill-signer/1') return { error: `the protocol ${request.protocol} is not spoken here` };
  switch (request.command) {
    case 'public-key':
      return { publicKey: openssl('pkey', '-in', request.keyRef, '-pubout').toString() };
    case 'sign':
      return { signature: sign(request).toString('base64') };
    default:
      return { error: `the command ${request.command} is not known` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  try {
    console.log(JSON.stringify(answer(JSON.parse(line))));
  } catch (error) {
    console.log(JSON.stringify({ error: `openssl: ${String(error.stderr ?? error.message).split('\n')[0]}` }));
  }
}
