import type { Layer, LayerName } from './layer';

/** Loaded when asked for: a layer brings Nest, drivers and echarts along. */
const LOADERS: Partial<Record<LayerName, () => Promise<Layer>>> = {
  hostile: async () => (await import('./hostile/hostile-layer')).hostileLayer,
};

export async function loadLayers(names: readonly LayerName[]): Promise<Layer[]> {
  const layers: Layer[] = [];
  for (const name of names) {
    const load = LOADERS[name];
    if (load) layers.push(await load());
  }
  return layers;
}
