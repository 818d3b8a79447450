import { extension } from '../../verification/support/certificates.ts';
import { fakeDigest, type Attached } from '../../support/gate-world.ts';
import { ISSUER, keyless, newWorld, rootBytes, SAN, type KeylessSignature } from '../../support/keyless-world.ts';
import type { AdversarialCase } from '../contract.ts';
import { APP } from './base.ts';

const ROOT = 'trust: { trustedRoot: root.json }';

/** An image with a keyless signature, under a policy that wants an identity; authorities are made for each case. */
function keylessCase(
  name: string,
  given: { readonly wanted?: string; readonly by?: KeylessSignature; readonly otherWorld?: boolean },
  expect: AdversarialCase['expect'],
): AdversarialCase {
  return {
    name,
    attack: async (stage) => {
      const { wanted = `issuer: "${ISSUER}", subject: "${SAN}"`, by = {}, otherWorld = false } = given;
      const world = newWorld();
      stage.write('root.json', rootBytes(otherWorld ? newWorld() : world));
      stage.policy({ rule: 'signatures: { by: [ci] }', head: ROOT, identities: `  ci: { ${wanted} }` });
      const app = await stage.image('app', { layers: [APP] });
      await stage.attach(app, keyless(world, app.digest, by));
      return stage.check('app');
    },
    expect,
  };
}

function parsed({ bundle }: Attached): { verificationMaterial: { tlogEntries: unknown } } {
  return JSON.parse(Buffer.from(bundle).toString()) as { verificationMaterial: { tlogEntries: unknown } };
}

const deny = (code: string): AdversarialCase['expect'] => ({ verdict: 'deny', exit: 1, codes: [`fail ${code}`] });
const EVIL = 'https://github.com/acme/app-evil/.github/workflows/release.yml@refs/tags/v1';

/** Keyless identities that only look like the one that is wanted. */
export const IDENTITY_CASES: readonly AdversarialCase[] = [
  keylessCase('the identity that is wanted', {}, { verdict: 'allow', exit: 0, codes: [], passes: ['SIGNED'] }),
  keylessCase('a repository whose name begins like it', { by: { san: EVIL } }, deny('UNTRUSTED_SIGNER')),
  keylessCase(
    'an expression is anchored at both ends',
    {
      wanted: `issuer: "${ISSUER}", subjectRegexp: "https://github\\\\.com/acme/app"`,
      by: { san: SAN },
    },
    deny('UNTRUSTED_SIGNER'),
  ),
  keylessCase(
    'a name of two lines, the second as it should be',
    {
      wanted: `issuer: "${ISSUER}", subjectRegexp: "https://github\\\\.com/acme/app/.*"`,
      by: { san: `https://evil.example/\n${SAN}` },
    },
    deny('SIGNATURE_INVALID'),
  ),
  keylessCase(
    'the same subject by another issuer',
    { wanted: `issuer: "https://accounts.google.com", subject: "${SAN}"` },
    deny('UNTRUSTED_SIGNER'),
  ),
  keylessCase(
    'an issuer that the wanted one begins like',
    { wanted: `issuer: "${ISSUER}.evil.example", subject: "${SAN}"` },
    deny('UNTRUSTED_SIGNER'),
  ),
  keylessCase(
    'an e-mail address in the place of a workflow',
    { by: { names: extension.email('release@acme.example') } },
    deny('UNTRUSTED_SIGNER'),
  ),
  keylessCase('an authority that the policy does not trust', { otherWorld: true }, deny('UNTRUSTED_SIGNER')),
  keylessCase('a certificate without a log entry', { by: { logs: [] } }, deny('SIGNATURE_NOT_LOGGED')),
  keylessCase(
    'an expression that other engines take for ever with',
    {
      wanted: `issuer: "${ISSUER}", subjectRegexp: "https://github\\\\.com/(a+)+!"`,
      by: { san: `https://github.com/${'a'.repeat(4000)}` },
    },
    deny('UNTRUSTED_SIGNER'),
  ),
  {
    name: 'the log entry of another signature in the place of its own',
    attack: async (stage) => {
      const world = newWorld();
      stage.write('root.json', rootBytes(world));
      const identities = `  ci: { issuer: "${ISSUER}", subject: "${SAN}" }`;
      stage.policy({ rule: 'signatures: { by: [ci] }', head: ROOT, identities });
      const app = await stage.image('app', { layers: [APP] });
      const [own, other] = [app.digest, fakeDigest('elsewhere')].map((digest) => parsed(keyless(world, digest)));
      own!.verificationMaterial.tlogEntries = other!.verificationMaterial.tlogEntries;
      await stage.attach(app, { at: app.digest, bundle: Buffer.from(JSON.stringify(own)) });
      return stage.check('app');
    },
    expect: deny('SIGNATURE_NOT_LOGGED'),
  },
];
