import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { openBrowser } from '../../../src/signing/index.ts';
import { testRuntime } from '../support/context.ts';

const folder = mkdtempSync(join(tmpdir(), 'waybill-browser-'));
after(() => rmSync(folder, { recursive: true, force: true }));

describe('openBrowser', () => {
  const url = new URL('https://issuer.example/login?a=1&b=$(touch%20x)');

  it('hands the URL to the opener as it is, without a shell', async () => {
    writeFileSync(join(folder, 'xdg-open'), `#!/bin/sh\nprintf '%s' "$1" > "${folder}/opened"\n`);
    chmodSync(join(folder, 'xdg-open'), 0o755);
    assert.equal(await openBrowser(url, testRuntime({ PATH: `${folder}:/usr/bin:/bin` }), 'linux'), true);
    assert.equal(readFileSync(join(folder, 'opened'), 'utf8'), url.href);
  });

  it('says so when there is none', async () => {
    assert.equal(await openBrowser(url, testRuntime({ PATH: '/nowhere' }), 'linux'), false);
    assert.equal(await openBrowser(url, testRuntime(), 'plan9'), false);
  });
});
