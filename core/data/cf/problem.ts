/** Something in a file that cannot be understood. */
export interface CfProblem {
  /** Path of the variable and name of the attribute: `/tas@scale_factor`. */
  readonly path: string;
  readonly reason: string;
}

/** Is told of problems. */
export type ProblemListener = (problem: CfProblem) => void;
