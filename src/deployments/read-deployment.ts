import { findComposeImages } from './find-compose-images.ts';
import { findKubernetesImages } from './find-kubernetes-images.ts';
import { Finder, member, type Located } from './finder.ts';
import type { GroupKind } from './kubernetes-kinds.ts';
import { readDocuments } from './read-documents.ts';
import type { DeploymentFile, DeploymentProblem } from './types.ts';

/** Largest manifest file. */
export const MAX_DEPLOYMENT_BYTES = 4 * 1024 * 1024;

export interface ReadDeploymentOptions {
  /** How the file is named in places. */
  readonly file: string;
  /** Kinds that the user says hold no image, see `parseAllowedKinds`. */
  readonly allowedKinds: ReadonlySet<GroupKind>;
}

/**
 * Finds every image that a file of Kubernetes manifests or a compose file deploys. Whatever keeps an image from being found is a problem: nothing is passed over that is
 * not known to hold none.
 * @param bytes hostile (a file of a pull request): YAML or JSON, any number of documents, at most `MAX_DEPLOYMENT_BYTES`
 */
export async function readDeployment(bytes: Uint8Array, options: ReadDeploymentOptions): Promise<DeploymentFile> {
  const { file } = options;
  const syntax = (message: string, line = 1, column = 1): DeploymentProblem => ({
    code: 'DEPLOYMENT_SYNTAX',
    message,
    file,
    line,
    column,
    path: '',
  });
  if (bytes.byteLength > MAX_DEPLOYMENT_BYTES)
    return { images: [], problems: [syntax(`it is larger than the ${MAX_DEPLOYMENT_BYTES} bytes allowed`)] };
  const text = decodeText(bytes);
  if (text === undefined) return { images: [], problems: [syntax('it is not UTF-8')] };
  const documents = await readDocuments(text.body);
  if (documents.problems.length > 0) {
    const problems = documents.problems.map(({ message, line, column, hint }) => ({
      ...syntax(message, line, column),
      ...(hint === undefined ? {} : { hint }),
    }));
    return { images: [], problems };
  }
  const finder = new Finder(file);
  for (const node of documents.roots) findInDocument({ node, path: '' }, finder, options.allowedKinds);
  return { images: finder.images, problems: finder.problems };
}

function findInDocument(root: Located, finder: Finder, allowed: ReadonlySet<GroupKind>): void {
  if (member(root, 'kind') !== undefined || member(root, 'apiVersion') !== undefined) {
    findKubernetesImages(root, finder, allowed);
  } else if (member(root, 'services') !== undefined) {
    findComposeImages(root, finder);
  } else {
    finder.problem(root, 'DEPLOYMENT_KIND_UNKNOWN', {
      message: 'neither a Kubernetes object nor a compose file',
      hint: 'Kubernetes objects have apiVersion and kind, compose files services',
    });
  }
}

/** Text and byte-order mark apart; undefined when it is not UTF-8. */
export function decodeText(bytes: Uint8Array): { readonly mark: string; readonly body: string } | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
  return text.startsWith('\ufeff') ? { mark: '\ufeff', body: text.slice(1) } : { mark: '', body: text };
}
