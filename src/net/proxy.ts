import { BlockList, isIP } from 'node:net';
import type { Runtime } from '../core/index.ts';
import { hostOf, isLoopbackHost } from './addresses.ts';
import { netError } from './errors.ts';

const DEFAULT_PORTS: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' };

/**
 * The proxy that the environment names for a URL: `https_proxy`, `http_proxy`, `all_proxy` (lower case before upper), unless `no_proxy` lists the host. Loopback
 * is never proxied.
 * @throws AppError NET_PROXY_INVALID
 */
export function proxyFor(url: URL, env: Runtime['env']): URL | undefined {
  const host = hostOf(url);
  if (isLoopbackHost(host)) return undefined;
  const scheme = url.protocol === 'https:' ? 'https' : 'http';
  const name = [`${scheme}_proxy`, `${scheme.toUpperCase()}_PROXY`, 'all_proxy', 'ALL_PROXY'].find((key) => env[key]);
  const value = name === undefined ? undefined : env[name];
  if (name === undefined || value === undefined) return undefined;
  if (isExempt(url, env['no_proxy'] ?? env['NO_PROXY'] ?? '')) return undefined;
  return parseProxy(name, value);
}

function parseProxy(name: string, value: string): URL {
  const text = value.includes('://') ? value : `http://${value}`;
  const proxy = URL.parse(text);
  if (!proxy || (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') || proxy.hostname === '') {
    throw netError('NET_PROXY_INVALID', `${name} is not the URL of an HTTP proxy`, {
      hint: `set ${name} to http://HOST:PORT`,
    });
  }
  return proxy;
}

/** Entries: `*`, `host`, `.suffix`, `*.suffix`, `host:port`, an address, a CIDR. A plain name covers the names below it. */
function isExempt(url: URL, list: string): boolean {
  const host = hostOf(url).toLowerCase().replace(/\.$/, '');
  const port = url.port || DEFAULT_PORTS[url.protocol] || '';
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry.toLowerCase(), host, port));
}

function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  if (entry.includes('/')) return inSubnet(entry, host);
  const [, bare = entry, wantedPort] = /^(\[[^\]]*\]|[^:]*):(\d+)$/.exec(entry) ?? [];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const name = bare.replace(/^\[|\]$/g, '').replace(/^\*?\./, '');
  if (name === '') return false;
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`));
}

function inSubnet(entry: string, host: string): boolean {
  const [network = '', bits = ''] = entry.split('/', 2);
  const family = isIP(network);
  const prefix = Number(bits);
  if (family === 0 || isIP(host) === 0 || !/^\d{1,3}$/.test(bits) || prefix > (family === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family === 4 ? 'ipv4' : 'ipv6');
  return list.check(host, isIP(host) === 4 ? 'ipv4' : 'ipv6');
}
