import type { BytePattern, CaptureRule } from '../../filesystem/index.ts';
import type { SecretKind } from './types.ts';

/** Files are searched while they stream by and not kept. */
const MAX_BYTES = 1024 * 1024 * 1024;

/** What a value may not be: a variable, a placeholder in brackets, nothing. */
const VALUE = '["\']?(?<value>[^\\s"\'$<{%][^\\s"\']{0,199})';

function pattern(
  id: string,
  needle: string,
  source: string,
  reach: { before?: number; after?: number } = {},
): BytePattern {
  return { id, needle, pattern: source, before: reach.before ?? 0, after: reach.after ?? 256 };
}

const PEM_KEY = pattern('pem', '-----BEGIN ', '-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----', {
  after: 80,
});

/** Where secrets of one kind are looked for, and what in a file shows that it is one. The bytes that match never leave the collection. */
export interface SecretRule {
  readonly kind: SecretKind;
  readonly capture: CaptureRule;
  /** The file is captured whole and read as lines of `NAME=value`. */
  readonly assignments?: true;
  /** The match counts only at the beginning of the file. */
  readonly atStart?: true;
}

function rule(
  kind: SecretKind,
  where: Pick<CaptureRule, 'names' | 'suffixes' | 'prefixes' | 'pathSuffixes' | 'directories'>,
  patterns: readonly BytePattern[],
): SecretRule {
  return {
    kind,
    capture: { id: `system/secret/${kind}`, ...where, extract: { kind: 'patterns', patterns }, maxBytes: MAX_BYTES },
  };
}

/** @see gate specification, IMG010. Public certificates and public keys match none of them. */
export const SECRET_RULES: readonly SecretRule[] = [
  rule(
    'private-key',
    {
      names: ['id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', 'id_ecdsa_sk', 'id_ed25519_sk', 'identity'],
      suffixes: ['.pem', '.key', '.ppk', '.pk8', '.asc'],
      directories: ['.ssh'],
    },
    [PEM_KEY, pattern('putty', 'PuTTY-User-Key-File-', 'PuTTY-User-Key-File-[0-9]:', { after: 24 })],
  ),
  rule('ssh-host-key', { prefixes: ['ssh_host_'] }, [PEM_KEY]),
  {
    ...rule('key-store', { suffixes: ['.jks', '.keystore', '.p12', '.pfx'] }, [
      // a Java key store whose first entry is a private key; a PKCS #12 file
      pattern('jks', '\u00fe\u00ed\u00fe\u00ed', '\u00fe\u00ed\u00fe\u00ed\\0\\0\\0[\\x01\\x02][^]{4}\\0\\0\\0\\x01', {
        after: 16,
      }),
      pattern('pkcs12', '\u0002\u0001\u0003', '\\x30[\\x80-\\x84][^]{0,4}\\x02\\x01\\x03', { before: 6, after: 3 }),
    ]),
    atStart: true,
  },
  {
    kind: 'environment-file',
    capture: {
      id: 'system/secret/environment-file',
      names: ['.env', '.env.local', '.env.production', '.env.prod', '.env.development', '.env.staging'],
      maxBytes: 1024 * 1024,
    },
    assignments: true,
  },
  rule('npm-token', { names: ['.npmrc', 'npmrc'] }, [
    pattern('token', '_authToken', `_authToken[ \\t]{0,4}=[ \\t]{0,4}${VALUE}`),
    pattern('auth', '_auth', `_auth[ \\t]{0,4}=[ \\t]{0,4}${VALUE}`),
    pattern('password', '_password', `_password[ \\t]{0,4}=[ \\t]{0,4}${VALUE}`),
  ]),
  rule('python-index-password', { names: ['.pypirc', 'pip.conf'] }, [
    pattern('password', 'password', `password[ \\t]{0,4}[=:][ \\t]{0,4}${VALUE}`),
    pattern('url', '://', '://[^\\s/:@$]{0,100}:(?<value>[^\\s/:@$<{][^\\s/:@]{0,199})@', { after: 320 }),
  ]),
  rule('netrc-password', { names: ['.netrc', '_netrc'] }, [
    pattern('password', 'password', `password[ \\t\\r\\n]{1,8}${VALUE}`),
  ]),
  rule(
    'registry-credential',
    {
      names: ['.dockercfg', '.dockerconfigjson'],
      pathSuffixes: ['.docker/config.json', 'containers/auth.json', '.config/helm/registry/config.json'],
    },
    [
      pattern('auth', '"auth"', '"auth"\\s{0,16}:\\s{0,16}"(?<value>[^"]{4,200})', { after: 320 }),
      pattern('token', '"identitytoken"', '"identitytoken"\\s{0,16}:\\s{0,16}"(?<value>[^"]{4,200})', { after: 320 }),
      pattern('password', '"password"', '"password"\\s{0,16}:\\s{0,16}"(?<value>[^"]{1,200})', { after: 320 }),
    ],
  ),
  rule('aws-secret-key', { pathSuffixes: ['.aws/credentials', '.aws/config'] }, [
    pattern('secret', 'aws_secret_access_key', `aws_secret_access_key[ \\t]{0,4}=[ \\t]{0,4}${VALUE}`),
  ]),
  rule(
    'kubernetes-credential',
    {
      names: ['kubeconfig', 'kubeconfig.yaml', 'kubeconfig.yml'],
      pathSuffixes: ['.kube/config', 'etc/kubernetes/admin.conf'],
    },
    [
      pattern('key', 'client-key-data', `client-key-data["']?[ \\t]{0,4}:[ \\t]{0,4}${VALUE}`),
      pattern('token', 'token', `token["']?[ \\t]{0,4}:[ \\t]{0,4}${VALUE}`),
      pattern('password', 'password', `password["']?[ \\t]{0,4}:[ \\t]{0,4}${VALUE}`),
    ],
  ),
  rule('git-credential', { names: ['.git-credentials'], pathSuffixes: ['.git/config', 'git/credentials'] }, [
    pattern('url', '://', '://[^\\s/:@$]{0,100}:(?<value>[^\\s/:@$<{][^\\s/:@]{0,199})@', { after: 320 }),
  ]),
  rule(
    'google-credential',
    {
      names: [
        'application_default_credentials.json',
        'service-account.json',
        'service_account.json',
        'serviceaccount.json',
        'credentials.json',
        'gcp-key.json',
        'key.json',
      ],
    },
    [
      pattern('key', '"private_key"', '"private_key"\\s{0,16}:\\s{0,16}"(?<value>-----BEGIN)', { after: 64 }),
      pattern('refresh', '"refresh_token"', '"refresh_token"\\s{0,16}:\\s{0,16}"(?<value>[^"]{8,200})', { after: 256 }),
    ],
  ),
];

const SECRET_NAME =
  /(?:^|_)(?:PASS(?:WD|WORD)?|SECRETS?|TOKEN|API_?KEY|ACCESS_KEY|SECRET_KEY|PRIVATE_KEY|CREDENTIALS?)(?:$|_)/i;
/** Names of what is about a secret and holds none. */
const NO_SECRET_NAME =
  /(?:^|_)(?:PUBLIC_KEY|GPG_KEYS?|KEYRING)(?:$|_)|_(?:FILE|PATH|DIR|URL|URI|ENDPOINT|HOST|TTL|EXPIRY|TIMEOUT|LENGTH|MIN|MAX|NAME|ISSUER|AUDIENCE)$/i;
const NO_SECRET_VALUE =
  /^(?:|true|false|yes|no|on|off|none|null|[0-9]{1,3}|changeme_?|x{3,}|\*+|your[-_].*|<.*>|\$.*|\{\{.*)$/i;

/**
 * Whether a variable of this name and value is a secret. `GPG_KEY`, `PUBLIC_KEY`, keyrings and names such as `DB_PASSWORD_FILE` are none, nor are values that
 * are a switch, a number of up to three digits or a placeholder.
 */
export function isSecretVariable(name: string, value: string): boolean {
  if (name.length > 256 || !SECRET_NAME.test(name) || NO_SECRET_NAME.test(name)) return false;
  return !NO_SECRET_VALUE.test(
    value
      .slice(0, 200)
      .replace(/^(["'])(.*)\1$/, '$2')
      .trim(),
  );
}
