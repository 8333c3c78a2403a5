import type { Layer, LayerName } from './layer';

/** Loaded when asked for: a layer brings Nest, drivers and charts along. */
const LOADERS: Record<LayerName, () => Promise<Layer>> = {
  model: async () => (await import('./model/model-layer')).modelLayer,
  simulation: async () => (await import('./simulation/simulation-layer')).simulationLayer,
  races: async () => (await import('./races/races-layer')).racesLayer,
  crash: async () => (await import('./crash/crash-layer')).crashLayer,
  chaos: async () => (await import('./chaos/chaos-layer')).chaosLayer,
  recovery: async () => (await import('./recovery/recovery-layer')).recoveryLayer,
  storm: async () => (await import('./storm/storm-layer')).stormLayer,
  plants: async () => (await import('./plants/plants-layer')).plantsLayer,
  hostile: async () => (await import('./hostile/hostile-layer')).hostileLayer,
  soak: async () => (await import('./soak/soak-layer')).soakLayer,
};

export async function loadLayers(names: readonly LayerName[]): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (const name of names) layers.push(await LOADERS[name]());
  return layers;
}
