import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasOpenssl, makeCertificates } from '../support/registry/certificates.ts';
import { calm, quietRuntime } from '../support/registry/opening.ts';
import { startProxy } from '../support/registry/proxy.ts';
import { startRegistry } from '../support/registry/index.ts';
import { failsWith, testClient } from './client.ts';

const skip = hasOpenssl() ? false : 'openssl is not installed';

// a process of its own: this file is the only one in it
test('NODE_TLS_REJECT_UNAUTHORIZED=0 does not switch off the check of certificates', { skip }, async () => {
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  const { key, cert } = makeCertificates();
  await using registry = await startRegistry({ tls: { key, cert } });
  await using direct = testClient({ retry: { attempts: 1 } }).client;
  await assert.rejects(
    direct.request({ url: new URL(`${registry.url}/v2/`), signal: calm }),
    failsWith('NET_TLS_UNTRUSTED'),
  );
  await using proxy = await startProxy(Number(new URL(registry.url).port));
  const runtime = quietRuntime({ HTTPS_PROXY: proxy.url });
  await using proxied = testClient({ runtime, retry: { attempts: 1 } }).client;
  await assert.rejects(
    proxied.request({ url: new URL('https://registry.example.test/v2/'), signal: calm }),
    failsWith('NET_TLS_UNTRUSTED'),
  );
});
