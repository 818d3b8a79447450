import type { CapturePlan, CaptureRule, FileView, LayerStack } from '../../filesystem/index.ts';
import { unreadParts } from '../collect-ledger-facts.ts';
import { listed } from '../listed.ts';
import { accountFacts, ACCOUNT_CAPTURE, readAccounts, runsAs, userFact } from './accounts.ts';
import { commandCapture, commandFact, type RunConfig } from './command.ts';
import { CacheFinder, JunkFinder, ToolFinder } from './leftovers.ts';
import { SOURCES_CAPTURE, untrustedSources } from './package-sources.ts';
import { SECRET_RULES } from './secret-rules.ts';
import { findSecrets } from './secrets.ts';
import type { OsRelease, SystemFacts } from './types.ts';
import { searchedFolders, WritableFinder } from './writable.ts';

const OS_RELEASE: CaptureRule = {
  id: 'system/os-release',
  pathSuffixes: ['etc/os-release', 'usr/lib/os-release'],
  maxBytes: 64 * 1024,
};

/** What one pass over the layers must capture for `collectSystemFacts`. The program that an image starts is part of it. */
export function systemPlan(config: RunConfig): CapturePlan {
  const secrets = SECRET_RULES.map(({ capture }) => capture);
  return {
    captures: [ACCOUNT_CAPTURE, SOURCES_CAPTURE, OS_RELEASE, ...secrets, ...commandCapture(config)],
    digests: [],
  };
}

export interface SystemFactsInput {
  readonly config: RunConfig;
  readonly stack: LayerStack;
  /** Of all layers. */
  readonly view: FileView;
}

/**
 * Facts about an image's configuration and files for the checks of both: one walk over the final view, and over what every layer captured. Hostile input;
 * counts are exact, lists have the first 200.
 */
export function collectSystemFacts({ config, stack, view }: SystemFactsInput): SystemFacts {
  const accounts = readAccounts(view);
  const user = runsAs(accounts, config.user);
  const command = commandFact(view, config);
  const finders = {
    tools: new ToolFinder(),
    junk: new JunkFinder(),
    caches: new CacheFinder(),
    writable: new WritableFinder(view, config, { user, command: command?.path }),
  };
  const content = { files: 0, bytes: 0 };
  for (const entry of view.entries()) {
    if (entry.type === 'file') {
      content.files += 1;
      content.bytes += entry.sizeBytes;
    }
    finders.tools.visit(entry);
    finders.junk.visit(entry);
    finders.caches.visit(entry);
    finders.writable.visit(entry);
  }
  const { secrets, examples } = findSecrets(stack, view);
  const preload = view.resolve('etc/ld.so.preload') ?? view.lookup('etc/ld.so.preload');
  return {
    osRelease: readOsRelease(view),
    accounts: accountFacts(accounts),
    user: userFact(accounts, config.user),
    command,
    secrets: listed(secrets),
    exampleSecrets: examples,
    writable: listed(finders.writable.found),
    searched: listed(searchedFolders(view, config, user)),
    preload: preload === undefined ? null : { path: `/${preload.path}`, layer: Math.max(0, preload.layer) },
    tools: listed(finders.tools.found),
    junk: listed(finders.junk.found),
    caches: listed(finders.caches.finish()),
    sources: listed(untrustedSources(view)),
    content,
    unread: listed(unreadParts(stack.diagnostics)),
  };
}

/** Of both places the first that is there counts. @see https://www.freedesktop.org/software/systemd/man/os-release.html */
function readOsRelease(view: FileView): OsRelease | null {
  const bytes = view.read('etc/os-release') ?? view.read('usr/lib/os-release');
  if (bytes === undefined) return null;
  const values = new Map<string, string>();
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    const [, key = '', value = ''] = /^([A-Z][A-Z0-9_]{0,60})=(.{0,1000})$/.exec(line.trim()) ?? [];
    if (key !== '') values.set(key, value.replace(/^(["'])(.*)\1$/, '$2'));
  }
  const id = values.get('ID')?.toLowerCase();
  if (id === undefined || id === '') return null;
  const versionId = values.get('VERSION_ID');
  const name = values.get('PRETTY_NAME') ?? values.get('NAME');
  return { id, ...(versionId ? { versionId } : {}), ...(name ? { name } : {}) };
}
