import { string as stringArg } from '@oclif/core/args';
import { boolean, string } from '@oclif/core/flags';
import type { TestPoliciesResult } from '../../app/index.ts';
import { opaFlag, parseReportFlag, WaybillCommand, type CommandOutcome, type StartRuntime } from '../../cli/index.ts';
import { writeFileAtomic } from '../../core/index.ts';

export default class PolicyTest extends WaybillCommand<TestPoliciesResult> {
  static override summary = 'Check that policies decide saved evidence as expected.';
  static override description =
    'Cases name evidence that gate check --evidence-out saved, the policy, and the decision that must come out (verdict, outcomes and codes of rules and checks). Each is decided offline, for the time the evidence ' +
    'was collected at or the one the case gives. Prints what differs, and which rules and checks no case exercised. Files named by cases stay under the folder given. Exit 1: a case failed. ' +
    'Any other: a case could not be run; the code is its class.';
  static override examples = [
    '<%= config.bin %> <%= command.id %> policies/',
    '# shop.test.yaml\napiVersion: waybill.dev/v1\nkind: PolicyTests\npolicy: policy.yaml\ncases:\n  - name: an unsigned image\n    evidence: evidence/unsigned.json\n    expect: { verdict: deny, codes: [UNSIGNED] }',
    '<%= config.bin %> <%= command.id %> policies/shop.test.yaml --root . --require-coverage --junit results.xml',
  ];
  static override strict = false;
  static override args = {
    path: stringArg({
      name: 'PATH',
      description: 'Files of cases, and folders that are searched for *.test.yaml (several may be given).',
      required: true,
    }),
  };
  static override flags = {
    opa: opaFlag,
    root: string({
      summary: 'Folder that files named by cases stay under. Default: the folder given, or that of the file given.',
      helpValue: 'DIR',
    }),
    'require-coverage': boolean({ summary: 'Exit 1 when a rule or check was exercised by no case.' }),
    junit: string({ summary: 'Write the results as JUnit XML too (a file that ends in .xml).', helpValue: 'FILE' }),
  };

  protected async execute(start: StartRuntime): Promise<CommandOutcome<TestPoliciesResult>> {
    const { argv, flags } = await this.parse(PolicyTest);
    const runtime = start(flags);
    const junit = flags.junit === undefined ? undefined : parseReportFlag(flags.junit, 'junit', '.xml');
    const { testPolicies, testPoliciesExitCode } = await import('../../app/policy/index.ts');
    const options = {
      paths: argv.filter((path) => typeof path === 'string'),
      ...(flags.opa === undefined ? {} : { opa: flags.opa }),
      ...(flags.root === undefined ? {} : { root: flags.root }),
    };
    const result = await testPolicies(options, runtime);
    const { renderPolicyTests, renderPolicyTestsJunit } = await import('../../render/index.ts');
    if (junit !== undefined) await writeFileAtomic(junit, renderPolicyTestsJunit(result), { ifExists: 'replace' });
    return {
      result,
      text: renderPolicyTests(result, this.textOptions()),
      exitCode: testPoliciesExitCode(result, { requireCoverage: flags['require-coverage'] }),
    };
  }
}
