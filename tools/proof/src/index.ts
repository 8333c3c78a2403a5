export { currentCommit, machine } from './run/this-machine';
export { buildBundles } from './stage/build-bundles';
export { freePort } from './stage/free-port';
export { ProofProcess, type ProofProcessOptions, type ProofRole } from './stage/proof-process';
export { StageKafka } from './stage/stage-kafka';
