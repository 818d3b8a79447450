import type { Agent as HttpAgent, AgentOptions } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpProxyAgent } from 'http-proxy-agent';
import type { HttpsProxyAgent } from 'https-proxy-agent';
import type { Runtime } from '../core/index.ts';
import { netError } from './errors.ts';
import { proxyFor } from './proxy.ts';

/** Connections of one client: kept alive, by way of a proxy where the environment says so. */
export interface Agents {
  for(url: URL): Promise<HttpAgent>;
  close(): Promise<void>;
}

export interface AgentSettings {
  readonly env: Runtime['env'];
  readonly caFile: string | undefined;
  readonly connectMs: number;
}

/** Far above what is open at once, so that no request waits behind a blob that is read slowly. */
const MAX_SOCKETS = 64;

export function createAgents(settings: AgentSettings): Agents {
  const agents = new Map<string, Promise<HttpAgent>>();
  let authorities: string[] | undefined;
  const create = async (url: URL, proxy: URL | undefined): Promise<HttpAgent> => {
    const secure = url.protocol === 'https:';
    if (settings.caFile !== undefined) {
      const { trustedAuthorities } = await import('./certificates.ts');
      authorities ??= trustedAuthorities(settings.caFile);
    }
    // said outright: NODE_TLS_REJECT_UNAUTHORIZED must not switch the check off
    const trust = { rejectUnauthorized: true as const, ...(authorities === undefined ? {} : { ca: authorities }) };
    const options: AgentOptions = { keepAlive: true, maxSockets: MAX_SOCKETS, scheduling: 'lifo' };
    if (proxy) return createProxyAgent(proxy, secure, { options, trust });
    // not before a connection is wanted: loading HTTP takes longer than starting all else
    const { DeadlineHttpAgent, DeadlineHttpsAgent } = await import('./deadline-agents.ts');
    return secure
      ? new DeadlineHttpsAgent({ ...options, ...trust }, settings.connectMs)
      : new DeadlineHttpAgent(options, settings.connectMs);
  };
  return {
    for(url) {
      const proxy = proxyFor(url, settings.env);
      const key = `${url.protocol} ${proxy?.href ?? ''}`;
      const agent = agents.get(key) ?? create(url, proxy);
      agents.set(key, agent);
      return agent;
    },
    async close() {
      const closing = [...agents.values()];
      agents.clear();
      for (const outcome of await Promise.allSettled(closing)) {
        if (outcome.status === 'fulfilled') outcome.value.destroy();
      }
    },
  };
}

interface ProxySettings {
  readonly options: AgentOptions;
  readonly trust: { readonly rejectUnauthorized: true; readonly ca?: string[] };
}

async function createProxyAgent(proxy: URL, secure: boolean, settings: ProxySettings): Promise<HttpAgent> {
  const { trust } = settings;
  // for the proxy itself; the server behind it is checked in `connect`
  const options = { ...settings.options, ...trust };
  if (!secure) {
    const { HttpProxyAgent: ProxyAgent } = await import('http-proxy-agent');
    return new (class extends ProxyAgent<string> {
      override connect(...args: Parameters<HttpProxyAgent<string>['connect']>): Promise<Socket> {
        return throughProxy(proxy, super.connect(...args));
      }
    })(proxy, options);
  }
  const { HttpsProxyAgent: ProxyAgent } = await import('https-proxy-agent');
  return new (class extends ProxyAgent<string> {
    override async connect(...args: Parameters<HttpsProxyAgent<string>['connect']>): Promise<Socket> {
      const [request, target] = args;
      let status = 200;
      request.once('proxyConnect', (answer: { readonly statusCode: number }) => {
        status = answer.statusCode;
      });
      const socket = await throughProxy(proxy, super.connect(request, { ...target, ...trust }));
      if (status === 200) return socket;
      // else the proxy's refusal would be taken for the server's answer
      socket.destroy();
      throw netError('NET_PROXY_FAILED', `the proxy ${proxy.host} refused the connection with status ${status}`);
    }
  })(proxy, options);
}

async function throughProxy(proxy: URL, connecting: Promise<Socket>): Promise<Socket> {
  try {
    return await connecting;
  } catch (cause) {
    throw netError('NET_PROXY_FAILED', `the proxy ${proxy.host} cannot be reached`, { cause });
  }
}
