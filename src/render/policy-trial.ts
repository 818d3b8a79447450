import { safeText } from '../core/index.ts';
import { counted } from './counted.ts';
import type { TriedImage, TryPolicyResult } from '../app/index.ts';
import { REPLAY_WORDS } from './gate/located-results.ts';
import { painter, type Paint } from './running-text.ts';

const MAX_REASONS = 5;

const SECTIONS: readonly { readonly title: string; readonly holds: (image: TriedImage) => boolean }[] = [
  { title: 'newly denied', holds: ({ change }) => change === 'newly-denied' },
  { title: 'newly allowed', holds: ({ change }) => change === 'newly-allowed' },
  { title: 'same verdict or side, other reasons', holds: ({ change }) => change === 'changed' },
  { title: 'denied', holds: ({ change, after }) => change === null && after === 'deny' },
  { title: 'allowed with warnings', holds: ({ change, after }) => change === null && after === 'warn' },
];

/** What a candidate policy changes: the counts, then every image whose verdict changed, with the reasons; the others as counts only. */
export function renderPolicyTrial(result: TryPolicyResult, options: { readonly color: boolean }): string {
  const paint = painter(options.color);
  const { images, errors, passedOver, policy, against } = result;
  return [
    paint(headline(result), 'bold'),
    paint(REPLAY_WORDS, 'yellow'),
    ...SECTIONS.flatMap(({ title, holds }) => section(title, images.filter(holds), paint)),
    ...codeLines(result),
    ...(errors.length === 0
      ? []
      : [
          '',
          ...errors.map(({ file, code, message }) =>
            paint(`ERROR ${safeText(file)}: ${safeText(message)} [${code}]`, 'red'),
          ),
        ]),
    ...(passedOver.length === 0
      ? []
      : ['', `passed over, as these are decisions: ${passedOver.map((file) => safeText(file)).join(', ')}`]),
    '',
    paint(`policy ${safeText(policy.file)} ${policy.digest}`, 'dim'),
    ...(against === null ? [] : [paint(`against ${safeText(against.file)} ${against.digest}`, 'dim')]),
  ].join('\n');
}

function headline({ counts, against, errors }: TryPolicyResult): string {
  const { images, denied, newlyDenied, newlyAllowed, changed, unchanged } = counts;
  const unread = errors.length === 0 ? '' : `; ${counted(errors.length, 'file')} could not be read`;
  return against === null
    ? `${counted(images, 'image')}: ${denied} denied, ${images - denied} allowed${unread}`
    : `${counted(images, 'image')}: ${newlyDenied} newly denied, ${newlyAllowed} newly allowed, ${changed} with other reasons, ${unchanged} unchanged${unread}`;
}

function section(title: string, images: readonly TriedImage[], paint: Paint): readonly string[] {
  return images.length === 0 ? [] : ['', paint(title, 'bold'), ...images.flatMap((image) => imageLines(image, paint))];
}

function imageLines(image: TriedImage, paint: Paint): readonly string[] {
  const verdicts = image.before === null ? image.after : `${image.before} -> ${image.after}`;
  const reasons = [
    ...image.added.map((reason) => ({ mark: '+', reason })),
    ...image.removed.map((reason) => ({ mark: '-', reason })),
  ];
  const more = reasons.length - MAX_REASONS + image.more;
  return [
    `  ${safeText(image.reference)}  ${paint(verdicts, image.after === 'deny' ? 'red' : 'green')}  ${paint(safeText(image.file), 'dim')}`,
    ...reasons.slice(0, MAX_REASONS).map(({ mark, reason }) => {
      const { rule, check, item, code, outcome } = reason;
      const where = [rule === null ? undefined : `rule ${rule}:`, check, item].filter((part) => part !== undefined);
      return `    ${mark} ${safeText(where.join(' '))} ${outcome} [${code}]: ${safeText(reason.reason)}`;
    }),
    ...(more > 0 ? [`      and ${more} more (see --json)`] : []),
    ...(image.undecided
      ? ['      only checks that could not be evaluated deny it: collect the evidence again with this policy']
      : []),
  ];
}

function codeLines({ codes, against }: TryPolicyResult): readonly string[] {
  if (codes.length === 0) return [];
  const title = against === null ? 'why images are denied' : 'why images are newly denied';
  return ['', title, ...codes.map(({ code, images }) => `  ${code}  ${counted(images, 'image')}`)];
}
