import { literalPrefixes, type LiteralPrefix } from '../file/literal-prefixes.ts';
import type { SayAt } from '../file/say.ts';
import type { Policy, PolicyIdentity } from '../file/types.ts';

/** Who issues tokens to GitHub's workflows. */
export const GITHUB_ISSUER = 'https://token.actions.githubusercontent.com';

/** Identities that more people have than the policy's author means, or that nobody has. */
export function lintIdentities(policy: Policy, say: SayAt): void {
  for (const [name, identity] of policy.identities ?? []) {
    const path = `identities.${name}`;
    lintIssuer(path, identity, say);
    lintSubject(path, identity, say);
    if (identity.subjectRegexp !== undefined) lintExpression(path, identity.subjectRegexp, say);
    if (identity.issuer === GITHUB_ISSUER && identity.extensions === undefined) {
      say(path, {
        severity: 'info',
        code: 'POLICY_KEYLESS_UNBOUND',
        message: `identity "${name}" is bound to a workflow file only: self-hosted runners and every trigger count`,
        hint: 'add extensions, such as { runnerEnvironment: github-hosted }',
      });
    }
  }
}

function lintIssuer(path: string, { issuer }: PolicyIdentity, say: SayAt): void {
  if (issuer === undefined) return;
  if (issuer === `${GITHUB_ISSUER}/`) {
    say(`${path}.issuer`, {
      code: 'POLICY_UNREACHABLE',
      message: 'the issuer is compared exactly, and GitHub’s ends without a slash: nobody has this identity',
      hint: `write ${GITHUB_ISSUER}`,
    });
  } else if (!issuer.startsWith('https://')) {
    say(`${path}.issuer`, {
      code: 'POLICY_UNREACHABLE',
      message: 'issuers are URLs that start with https:// and are compared exactly',
      hint: 'write the issuer as the certificate has it; waybill verify shows it',
    });
  }
}

function lintSubject(path: string, { subject }: PolicyIdentity, say: SayAt): void {
  if (subject === undefined || !subject.includes('*')) return;
  say(`${path}.subject`, {
    code: 'POLICY_UNREACHABLE',
    message: 'the subject is compared exactly: a * stands for itself',
    hint: 'use subjectRegexp for more than one subject',
  });
}

function lintExpression(path: string, expression: string, say: SayAt): void {
  const place = `${path}.subjectRegexp`;
  const ways = literalPrefixes(expression);
  if (ways.every((way) => cannotBegin(way, expression))) {
    say(place, {
      code: 'POLICY_UNREACHABLE',
      message: 'the expression must match the whole subject, and no subject begins like this',
      hint: 'subjects are URLs (https://github.com/OWNER/...) or e-mail addresses: begin the expression as they do',
    });
    return;
  }
  if (ways.some((way) => way.open && !namesOwner(way.text)) && !endsInDomain(expression)) {
    say(place, {
      code: 'POLICY_OPEN_REGEXP',
      message: 'the expression leaves open whose subject it is: anybody’s repository or address may match',
      hint: String.raw`spell out host and owner, such as https://github\.com/acme/...; for addresses end in the domain, such as @example\.com`,
    });
  } else if (ways.some((way) => way.loose && /^[a-z]+:\/\//.test(way.text))) {
    say(place, {
      severity: 'info',
      code: 'POLICY_OPEN_REGEXP',
      message: 'an unescaped "." matches any character',
      hint: String.raw`write \. where a dot is meant`,
    });
  }
}

/** URL with a host and a first part of its path, both complete. */
function namesOwner(text: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/]+\/[^/]+\//.test(text);
}

function endsInDomain(expression: string): boolean {
  return /@[A-Za-z0-9-]+(?:\\?\.[A-Za-z0-9-]+)+\$?$/.test(expression) && !expression.includes('|');
}

/** A beginning that neither a URL nor an address has. */
function cannotBegin({ text }: LiteralPrefix, expression: string): boolean {
  if (text === '' || (expression.includes('@') && !text.includes('/'))) return false;
  return !/^[a-z][a-z0-9+.-]*(?:$|:(?:$|\/(?:$|\/)))/.test(text) && !text.includes('@');
}
