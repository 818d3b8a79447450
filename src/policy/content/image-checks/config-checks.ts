import { posix } from 'node:path';
import { ExitCode } from '../../../core/index.ts';
import { isSecretVariable } from '../../../evidence/index.ts';
import { shortList } from '../../outcome.ts';
import { met, unknown, violated, type NamedImageCheck } from './contract.ts';
import { historySteps } from './history.ts';

const DOCKER_MEDIA = 'application/vnd.docker.';

export const HEALTHCHECK: NamedImageCheck = {
  id: 'IMG006',
  title: 'says how its health is checked',
  severity: 'info',
  defaultMode: 'off',
  references: ['CIS Docker 4.6', 'CIS-DI-0006', 'DS-0026'],
  needs: [],
  evaluate: ({ platform }) => {
    const { healthcheck } = platform.config;
    if (healthcheck !== undefined && healthcheck.length > 0) {
      return healthcheck[0] === 'NONE'
        ? violated('the health check is switched off', { remedy: 'add HEALTHCHECK to the Dockerfile' })
        : met('it has a health check');
    }
    if (!platform.configMediaType.startsWith(DOCKER_MEDIA))
      return met('OCI images have no health check: the orchestrator has');
    return violated('it has no health check', { remedy: 'add HEALTHCHECK to the Dockerfile' });
  },
};

const SYSTEM_VOLUMES: ReadonlySet<string> = new Set(['/', '/dev', '/proc', '/sys', '/etc', '/run', '/var/run']);

export const SYSTEM_VOLUME: NamedImageCheck = {
  id: 'IMG013',
  title: 'declares no volume over folders of the system',
  severity: 'high',
  defaultMode: 'deny',
  references: ['DKL-DI-0002'],
  needs: [],
  evaluate: ({ platform }) => {
    const found = platform.config.volumes.filter((path) => isSystemVolume(path));
    if (found.length === 0) return met('no volume lies over a folder of the system');
    return violated(`the image declares the volume ${shortList(found)}`, {
      remedy: 'remove VOLUME from the Dockerfile, and mount what is needed where it runs',
      notes: found.map((path) => `volume ${path}`),
    });
  },
};

function isSystemVolume(path: string): boolean {
  const clean = posix.resolve('/', path);
  return SYSTEM_VOLUMES.has(clean) || /^\/(?:dev|proc|sys)\//.test(clean);
}

const RISKY_PORTS: ReadonlyMap<number, string> = new Map([
  [22, 'SSH'],
  [23, 'telnet'],
  [3389, 'remote desktop'],
  [2375, 'the Docker daemon'],
]);

export const EXPOSED_PORT: NamedImageCheck = {
  id: 'IMG020',
  title: 'exposes no port for remote control, nor one its user cannot open',
  severity: 'medium',
  defaultMode: 'warn',
  references: ['DS-0004', 'KSV-0117'],
  needs: [],
  evaluate: ({ platform }) => {
    const { exposedPorts, user = '' } = platform.config;
    const isRoot = /^(?:|root|[+-]?0+)(?::|$)/.test(user);
    const found = exposedPorts.flatMap((text) => {
      const range = portRange(text);
      if (range === undefined) return [`${text.slice(0, 60)} is no port`];
      const [from, to] = range;
      const risky = [...RISKY_PORTS].find(([port]) => port >= from && port <= to);
      if (risky !== undefined) return [`${text} is for ${risky[1]}`];
      return from < 1024 && !isRoot ? [`${text} needs a privilege that the user ${user} may not have`] : [];
    });
    if (found.length === 0)
      return met(exposedPorts.length === 0 ? 'no port is exposed' : `exposes ${shortList(exposedPorts)}`);
    return violated(shortList(found), { remedy: 'expose ports above 1023, and none for remote control', notes: found });
  },
};

/** `80`, `80/tcp`, `8000-8010/udp`. */
function portRange(text: string): readonly [number, number] | undefined {
  const [, from, to = from] = /^([0-9]{1,5})(?:-([0-9]{1,5}))?(?:\/[a-z]{1,8})?$/.exec(text) ?? [];
  if (from === undefined || Number(from) > 65_535 || Number(to) > 65_535) return undefined;
  return [Number(from), Number(to)];
}

export const DEPLOYED_TAG: NamedImageCheck = {
  id: 'IMG015',
  title: 'is deployed by a tag that says something, or a digest',
  severity: 'low',
  defaultMode: 'warn',
  references: ['DKL-DI-0006'],
  needs: [],
  evaluate: ({ context }) => {
    const { requested, reference } = context.image.evidence;
    if (requested.digest !== null) return met('the reference names a digest');
    if (requested.tag !== null && requested.tag !== 'latest') return met(`the tag is ${requested.tag}`);
    return violated(
      requested.tag === null ? `${reference} names neither tag nor digest` : `${reference} names the tag latest`,
      { remedy: 'name a version, better the digest' },
    );
  },
};

/** Variables of the configuration, of build arguments and of the history whose names and values say that they are secrets. Values are never shown. */
export function secretVariables({
  platform,
}: {
  readonly platform: Parameters<typeof historySteps>[0];
}): readonly string[] {
  const found = new Set<string>();
  for (const entry of platform.config.env) {
    const [name, value] = splitVariable(entry);
    if (isSecretVariable(name, value)) found.add(`variable ${name} of the configuration`);
  }
  for (const step of historySteps(platform)) {
    const words = step.instruction === 'ENV' || step.instruction === 'ARG' ? assignments(step.text) : step.args;
    for (const word of words) {
      const [name, value] = splitVariable(word);
      if (isSecretVariable(name, value)) found.add(`variable ${name} in step ${step.index + 1} of the history`);
    }
  }
  return [...found];
}

/** `A=1 B="2 3"`, and the old form `A 1`. */
function assignments(text: string): readonly string[] {
  const words = [...text.matchAll(/(?:^|\s)([A-Za-z_][\w.-]{0,255}=(?:"[^"]*"|'[^']*'|\S*))/g)].map(
    ([, word = '']) => word,
  );
  return words.length > 0 ? words : [text.replace(/\s+/, '=')];
}

function splitVariable(entry: string): readonly [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
}

const KIND_WORDS: Readonly<Record<string, string>> = {
  'private-key': 'a private key',
  'ssh-host-key': 'the private key of an SSH server',
  'key-store': 'a key store',
  'environment-file': 'secrets in a file of variables',
  'npm-token': 'a credential for npm',
  'python-index-password': 'a password for a Python package index',
  'netrc-password': 'a password in netrc',
  'registry-credential': 'a credential for a registry',
  'aws-secret-key': 'a secret key for AWS',
  'kubernetes-credential': 'a credential for Kubernetes',
  'git-credential': 'a credential for Git',
  'google-credential': 'a credential for Google Cloud',
};

export const SECRETS: NamedImageCheck = {
  id: 'IMG010',
  title: 'holds no secrets, in no layer',
  severity: 'high',
  defaultMode: 'deny',
  references: ['CIS Docker 4.10', 'CIS-DI-0010', 'DS-0031'],
  needs: ['system'],
  evaluate: ({ platform, system }) => {
    const variables = secretVariables({ platform });
    const { items, count } = system.secrets;
    const files = items.map(({ path, kind, layer, removedInLayer }) => {
      const gone =
        removedInLayer === undefined ? '' : `, deleted in layer ${removedInLayer} but still there to be read`;
      return `${path}: ${KIND_WORDS[kind] ?? kind} in layer ${layer}${gone}`;
    });
    const found = [...variables, ...files];
    const notes =
      system.exampleSecrets === 0
        ? []
        : [`${system.exampleSecrets} keys among tests and examples of packages are not counted`];
    // what only some other rule could not read is no matter; files of variables are read whole, or not at all
    const unread = system.unread.items.filter(
      ({ path = '', code }) => code !== 'file-too-large' || /\/\.env[^/]*$/.test(path),
    );
    if (found.length === 0 && unread.length > 0) {
      const reason = `${shortList(unread.map(({ path, code }) => path ?? code))} could not be read`;
      return unknown('IMAGE_SECRETS_UNREAD', reason, {
        exitCode: ExitCode.Input,
        remedy: 'take the file out of the image, or build the layer again so that it can be read whole',
      });
    }
    if (found.length === 0) return met('no variable and no file of any layer looks like a secret', notes);
    return violated(
      `${variables.length + count === 1 ? 'one thing looks' : `${variables.length + count} things look`} like a secret: ${shortList(found, 3)}`,
      {
        remedy:
          'take it out of every layer (a build secret: RUN --mount=type=secret), and replace it: it is known to everyone who has the image',
        places: items,
        notes: [...found, ...notes],
      },
    );
  },
};
