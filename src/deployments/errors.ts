import { defineErrors, ExitCode, type ErrorTable } from '../core/index.ts';

/** What can be wrong with a deployment manifest. Each keeps an image from being found, so none is passed over. */
export const DEPLOYMENT_ERRORS = {
  /** No YAML or JSON, or with parts that are not understood: tags, directives, text that is no UTF-8. */
  DEPLOYMENT_SYNTAX: ExitCode.Input,
  /** Something is not of the shape that its kind has. */
  DEPLOYMENT_SHAPE: ExitCode.Input,
  /** A kind that may hold images where nobody looks. */
  DEPLOYMENT_KIND_UNKNOWN: ExitCode.Input,
  /** A container, service or volume that names no image. */
  DEPLOYMENT_IMAGE_MISSING: ExitCode.Input,
  /** A compose service whose image is built where it is deployed. */
  DEPLOYMENT_BUILD_ONLY: ExitCode.Input,
  /** An image that depends on variables of the place where it is deployed. */
  DEPLOYMENT_VARIABLE: ExitCode.Input,
  /** Another file that is part of this one. */
  DEPLOYMENT_INCLUDES: ExitCode.Input,
  /** A wrong value of --allow-kind. */
  DEPLOYMENT_KIND_INVALID: ExitCode.Usage,
  /** A digest that cannot be written where the image stands. */
  PIN_NOT_POSSIBLE: ExitCode.Input,
  /** The file is not the one that was read. */
  PIN_FILE_CHANGED: ExitCode.Input,
} as const satisfies ErrorTable;

export const deploymentError = defineErrors(DEPLOYMENT_ERRORS);

export type DeploymentProblemCode = Exclude<
  keyof typeof DEPLOYMENT_ERRORS,
  'DEPLOYMENT_KIND_INVALID' | 'PIN_NOT_POSSIBLE' | 'PIN_FILE_CHANGED'
>;
