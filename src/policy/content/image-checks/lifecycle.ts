import { ExitCode } from '../../../core/index.ts';
import endOfLife from './end-of-life.json' with { type: 'json' };
import { met, unknown, violated, type NamedImageCheck } from './contract.ts';

/** Days by which support of a release ends, and the day they were looked up. */
interface EndOfLifeTable {
  readonly source: string;
  readonly known: string;
  readonly systems: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const TABLE: EndOfLifeTable = endOfLife;

/** The last day of support of a release; undefined when the table does not know it. `12.5` is looked up as written, then as `12`. */
export function endOfLifeOf(id: string, versionId: string): string | undefined {
  if (!Object.hasOwn(TABLE.systems, id)) return undefined;
  const releases = TABLE.systems[id] ?? {};
  const parts = versionId.split('.');
  const wanted = [versionId, parts.slice(0, 2).join('.'), parts[0] ?? ''];
  const found = wanted.find((version) => Object.hasOwn(releases, version));
  return found === undefined ? undefined : releases[found];
}

/** Systems that have no releases, so that none of them ends. */
const ROLLING: ReadonlySet<string> = new Set([
  'wolfi',
  'chainguard',
  'arch',
  'gentoo',
  'void',
  'opensuse-tumbleweed',
  'nixos',
]);

export const END_OF_LIFE: NamedImageCheck = {
  id: 'IMG022',
  title: 'stands on an operating system that is still maintained',
  severity: 'medium',
  defaultMode: 'warn',
  references: [`${TABLE.source}, as of ${TABLE.known}`],
  needs: ['system'],
  evaluate: ({ system, context }) => {
    const { osRelease } = system;
    if (osRelease === null) return met('it says no operating system, so none that could end');
    const { id, versionId, name = id } = osRelease;
    if (ROLLING.has(id)) return met(`${name} has no releases that end`);
    const last = versionId === undefined ? undefined : endOfLifeOf(id, versionId);
    if (last === undefined) {
      return unknown(
        'IMAGE_EOL_UNKNOWN',
        `until when ${id} ${versionId ?? 'without a version'} is maintained is not known (as of ${TABLE.known})`,
        {
          exitCode: ExitCode.Input,
          remedy: 'base it on a release that is maintained, or make an exception',
        },
      );
    }
    // maintained until the end of that day, UTC
    const ended = context.now.getTime() >= Date.parse(`${last}T00:00:00Z`) + 86_400_000;
    if (!ended) return met(`${name} is maintained until ${last} (as of ${TABLE.known})`);
    return violated(`${name} has not been maintained since ${last}`, {
      remedy: 'rebuild on a release that is maintained',
      notes: [`known on ${TABLE.known} from ${TABLE.source}`],
    });
  },
};

const MAX_LAYERS = 100;
const MAX_LAYER_BYTES = 1024 ** 3;
const MAX_STORED_BYTES = 2 * 1024 ** 3;
const SOURCE_KEYS = [
  'org.opencontainers.image.source',
  'org.opencontainers.image.revision',
  'org.opencontainers.image.licenses',
];

export const SIZE_AND_ORIGIN: NamedImageCheck = {
  id: 'IMG023',
  title: 'is of ordinary size, and says when and from what it was made',
  severity: 'low',
  defaultMode: 'warn',
  references: ['OCI image annotations', 'Kyverno block-large-images'],
  needs: [],
  evaluate: ({ platform, context }) => {
    const { config, layers, annotations } = platform;
    const stored = layers.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const largest = layers.reduce((most, { sizeBytes }) => Math.max(most, sizeBytes), 0);
    const missing = SOURCE_KEYS.filter((key) => !annotations[key] && !config.labels[key]);
    const created = config.created === undefined ? undefined : Date.parse(config.created);
    const found = [
      ...(layers.length > MAX_LAYERS ? [`${layers.length} layers, more than ${MAX_LAYERS}`] : []),
      ...(largest > MAX_LAYER_BYTES ? [`a layer of ${largest} bytes, more than ${MAX_LAYER_BYTES}`] : []),
      ...(stored > MAX_STORED_BYTES ? [`${stored} bytes in all, more than ${MAX_STORED_BYTES}`] : []),
      ...(created === undefined || Number.isNaN(created) ? ['it does not say when it was made'] : []),
      ...(created !== undefined && created > context.now.getTime() ? ['it says that it was made in the future'] : []),
      ...missing.map((key) => `neither annotation nor label ${key}`),
    ];
    if (found.length === 0)
      return met(`${layers.length} layers of ${stored} bytes, with source, revision and licences`);
    return violated(found.join('; '), {
      remedy:
        'set the OCI labels source, revision and licenses in the build, and leave out what the application does not need',
      notes: found,
    });
  },
};
