import { lookup, type LookupAddress, type LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';
import { netError } from './errors.ts';

/** Host of a URL without the brackets of IPv6. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/g, '');
}

function blockList(subnets: readonly (readonly [string, number, 'ipv4' | 'ipv6'])[]): BlockList {
  const list = new BlockList();
  for (const [address, prefix, family] of subnets) list.addSubnet(address, prefix, family);
  return list;
}

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address);
  if (family === 0) return false;
  return list.check(address.replace(/%.*$/, ''), family === 6 ? 'ipv6' : 'ipv4');
}

/** `localhost`, names below it, 127.0.0.0/8 and ::1 (written in any way that a URL allows). */
export function isLoopbackHost(host: string): boolean {
  const name = host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (name === 'localhost' || name.endsWith('.localhost')) return true;
  const loopback = blockList([
    ['127.0.0.0', 8, 'ipv4'],
    ['::1', 128, 'ipv6'],
  ]);
  return contains(loopback, name);
}

/** Link-local addresses and cloud metadata services, which no registry lives at. */
export function isLinkLocalHost(host: string): boolean {
  const name = host
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
    .toLowerCase();
  if (name === 'metadata.google.internal' || name === 'metadata') return true;
  const linkLocal = blockList([
    ['169.254.0.0', 16, 'ipv4'],
    ['fe80::', 10, 'ipv6'],
    ['fd00:ec2::254', 128, 'ipv6'],
    ['0.0.0.0', 8, 'ipv4'],
    ['::', 128, 'ipv6'],
  ]);
  return contains(linkLocal, name);
}

type LookupCallback = (error: NodeJS.ErrnoException | null, address: string | LookupAddress[], family?: number) => void;

/** `dns.lookup` without link-local results: a name must not be a way around the rule on redirects. */
export function guardedLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  lookup(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) {
      callback(error, '');
      return;
    }
    const usable = addresses.filter(({ address }) => !isLinkLocalHost(address));
    const first = usable[0];
    if (!first) {
      callback(netError('NET_ADDRESS_REFUSED', `${hostname} leads to link-local addresses only`), '');
    } else if (options.all === true) callback(null, usable);
    else callback(null, first.address, first.family);
  });
}
