export { type BootstrapOptions, bootstrapError } from "./bootstrap.ts";
export {
  type BootstrapFit,
  type BootstrapFitOptions,
  type BootstrapTarget,
  bootstrapFit,
  checkBootstrap,
} from "./bootstrap-fit.ts";
export { type MeanAndCovariance, RunningCovariance } from "./covariance.ts";
export { type EnsembleCrpsOptions, ensembleCrps, normalCrps } from "./crps.ts";
export {
  type EnsembleObservations,
  type EnsembleUpdateOptions,
  ensembleKalmanUpdate,
  type StateEnsemble,
} from "./ensemble-kalman-filter.ts";
export {
  type EofFit,
  type EofModes,
  type EofOptions,
  type EofSource,
  eofSource,
  fitEof,
} from "./eof.ts";
export { type EofProjection, projectEof } from "./eof-projection.ts";
export { ExactSum } from "./exact-sum.ts";
export {
  type ExtremeValueDistribution,
  extremeValueCdf,
  extremeValueLevel,
  extremeValueSurvival,
  returnLevel,
} from "./extreme-value.ts";
export { fitGev, fitGpd, fitGumbel } from "./fit-extreme-value.ts";
export { frechetDistance } from "./frechet-distance.ts";
export { fitGamma, type GammaDistribution, type GammaFitMethod, gammaProbability } from "./gamma-fit.ts";
export { andersonDarling, type QuantilePair, quantilePairs } from "./goodness-of-fit.ts";
export {
  addToHistogram,
  emptyHistogram,
  fillHistogram,
  findBin,
  type Histogram,
  histogram,
  linearEdges,
  logEdges,
} from "./histogram.ts";
export { type LMoments, lMoments, lMomentsOfSorted } from "./l-moments.ts";
export { type LeastSquaresFit, leastSquares, solveSymmetric } from "./least-squares.ts";
export { gaspariCohn, type Localisation, localise } from "./localisation.ts";
export { moments, RunningMoments } from "./moments.ts";
export { standardNormalQuantile } from "./normal-quantile.ts";
export { philoxBlocks } from "./philox.ts";
export { type QuantileOptions, quantiles } from "./quantiles.ts";
export { RandomStream, type StreamKey } from "./random-stream.ts";
export { type RankFlatness, type RankHistogram, rankFlatness, rankHistogram } from "./rank-histogram.ts";
export { erf, logGamma, regularizedGammaP } from "./special-functions.ts";
export { CompensatedSum, compensatedSum } from "./sums.ts";
export { type SymmetricEigen, symmetricEigen, symmetricEigenvalues } from "./symmetric-eigenvalues.ts";
export {
  type KolmogorovSmirnov,
  kolmogorovSmirnov,
  separationFloor,
  separationPower,
  type WeightedSample,
  wasserstein1,
} from "./two-sample.ts";
export {
  type BlockBootstrapOptions,
  type BootstrapInterval,
  blockBootstrap,
  skillScore,
} from "./verification.ts";
