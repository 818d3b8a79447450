import type { DeploymentProblemCode } from './errors.ts';

/** Where something stands in a deployment manifest. */
export interface DeploymentPlace {
  /** As the user named it; `-` for standard input. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1, in UTF-16 code units. */
  readonly column: number;
  /** `spec.template.spec.containers[0].image`, `services.web.image`; within its document. */
  readonly path: string;
}

/** One reference to an image in a manifest. */
export interface DeployedImage {
  /** Which image it is, in a form that `parseImageReference` takes and that is never a file of this machine: `docker://` in front where that is needed. */
  readonly reference: string;
  /** As it stands there. */
  readonly written: string;
  readonly place: DeploymentPlace;
  /** Where the value stands in the text, quotes included, as offsets in UTF-16 code units after a byte-order mark. An alias stands where its anchor does. */
  readonly span: { readonly start: number; readonly end: number };
}

/** Something that keeps an image from being found. */
export interface DeploymentProblem extends DeploymentPlace {
  readonly code: DeploymentProblemCode;
  readonly message: string;
  readonly hint?: string;
}

/** What one manifest file says. */
export interface DeploymentFile {
  readonly images: readonly DeployedImage[];
  readonly problems: readonly DeploymentProblem[];
}
