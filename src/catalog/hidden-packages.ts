import { compareCodeUnits } from '../core/index.ts';
import { squash, type FileView, type LayerStack } from '../filesystem/index.ts';
import { comparePackages, type CatalogNote, type Package } from '../packages/index.ts';
import { runCatalogers, type CatalogRun } from './runner.ts';

/** Property of a package that only lower layers have: the last layer after which it was there. */
const HIDDEN_AFTER = 'waybill:hidden:after-layer';

/** What an image's layers hold although its containers do not see it: anybody who pulls the image has it. */
export interface HiddenContent {
  /** Packages that some lower view has and the final one has not, with scope `excluded`; ids and edges as in the final run. Sorted. */
  readonly packages: readonly Package[];
  /** Files that look like secrets, and keys that packages were trusted by, deleted later; kind `hidden`, sorted by path. */
  readonly notes: readonly CatalogNote[];
}

const MAX_NOTES = 1000;

/** Names of files that hold keys, tokens or passwords. */
const SECRET =
  /(?:^|\/)(?:id_(?:rsa|dsa|ecdsa|ed25519)|[^/]{1,200}\.(?:key|p12|pfx|jks|keystore|kdbx)|\.npmrc|\.pypirc|\.netrc|\.git-credentials|\.dockercfg|\.env|\.vault-token|\.htpasswd|\.docker\/config\.json|\.aws\/credentials|\.kube\/config)$/;
/** Where files of such names are public: trust stores, test data and documentation of packages. */
const PUBLIC =
  /^(?:usr\/(?:share|lib|lib64|local\/(?:lib|share))|etc\/ssl\/certs|etc\/apk\/keys|var\/lib\/(?:dpkg|apt))\//;

/**
 * Catalogs every view that the layers pass through from the bottom up, and tells what is in none but lower ones.
 * @param view of all layers
 * @param final the packages and notes of the whole image, as `runCatalogers` gives them
 */
export function catalogHidden(
  stack: LayerStack,
  view: FileView,
  final: Pick<CatalogRun, 'packages' | 'notes'>,
): HiddenContent {
  const kept = new Set(final.packages.map(({ id }) => id));
  const trusted = new Set(final.notes.map(keyOfNote));
  const hidden = new Map<string, Package>();
  const keys = new Map<string, CatalogNote>();
  for (let layers = 1; layers < stack.layers.length; layers += 1) {
    const { packages, notes } = runCatalogers({ view: squash(stack, layers), languageFiles: false });
    for (const note of notes) {
      if (note.kind === 'trust' && !trusted.has(keyOfNote(note)))
        keys.set(keyOfNote(note), deletedKey(note, layers - 1));
    }
    for (const pkg of packages) {
      if (kept.has(pkg.id)) continue;
      const properties = { ...pkg.properties, [HIDDEN_AFTER]: String(layers - 1) };
      hidden.set(pkg.id, { ...pkg, scope: 'excluded', properties });
    }
  }
  return {
    packages: [...hidden.values()].toSorted(comparePackages),
    notes: [...keys.values(), ...deletedSecrets(stack, view)]
      .toSorted((a, b) => compareCodeUnits(a.path, b.path) || compareCodeUnits(a.message, b.message))
      .slice(0, MAX_NOTES),
  };
}

function keyOfNote({ source, code, path, message }: CatalogNote): string {
  return [source, code, path, message].join('\0');
}

/** @param layer the last one after which the key was there */
function deletedKey(note: CatalogNote, layer: number): CatalogNote {
  const message = `${note.message}; so it was until layer ${layer}, a later one takes that back`;
  return { ...note, kind: 'hidden', code: 'deleted-key', message, facts: { ...note.facts, layer: String(layer) } };
}

function deletedSecrets(stack: LayerStack, final: FileView): readonly CatalogNote[] {
  const notes = new Map<string, CatalogNote>();
  stack.layers.forEach((records, layer) => {
    for (const { path, type } of squash({ ...stack, layers: [records] }).entries()) {
      if (type !== 'file' || !SECRET.test(path) || PUBLIC.test(path) || final.lookup(path) !== undefined) continue;
      notes.set(path, {
        kind: 'hidden',
        code: 'deleted-secret',
        message: `looks like a secret; layer ${layer} has it and a later one deletes it, so whoever pulls the image has it still`,
        path: `/${path}`,
        source: 'image',
        facts: { layer: String(layer) },
      });
    }
  });
  return [...notes.values()];
}
