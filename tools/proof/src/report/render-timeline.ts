import * as echarts from 'echarts';
import type { InjectedFault } from '../layer';
import type { ProofReport } from './proof-report';

/** Okabe and Ito, 2008: told apart by all kinds of sight. */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#7F7F7F'];
const WIDTH = 1400;
const ROW_HEIGHT = 26;
const LEAST_WIDTH_PX = 3;

interface Placed {
  kind: string;
  target: string;
  fromS: number;
  toS: number;
}

/**
 * The picture of all timed faults: a row for each kind, a bar for each fault, the parts of the run one after another.
 * @returns SVG; `null`: no fault was timed
 */
export function renderTimeline(report: ProofReport): string | null {
  const parts = report.layers.flatMap((layer) =>
    layer.parts
      .filter((part) => (part.timeline ?? []).length > 0)
      .map((part) => ({ name: `${layer.layer} ${part.part}`, part })),
  );
  if (parts.length === 0) return null;
  const placed: Placed[] = [];
  const borders: { name: string; atS: number }[] = [];
  let offsetS = 0;
  for (const { name, part } of parts) {
    borders.push({ name, atS: offsetS });
    for (const fault of part.timeline ?? []) placed.push(placedAt(fault, offsetS));
    offsetS += part.durationMs / 1000;
  }
  const kinds = [...new Set(placed.map((fault) => fault.kind))].sort().reverse();
  const targets = [...new Set(placed.map((fault) => fault.target.replace(/-?\d+$/, '')))].sort();
  const colourOf = (target: string) =>
    COLOURS[targets.indexOf(target.replace(/-?\d+$/, '')) % COLOURS.length];
  const chart = echarts.init(null, null, {
    renderer: 'svg',
    ssr: true,
    width: WIDTH,
    height: 130 + kinds.length * ROW_HEIGHT,
  });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: {
      text: `${placed.length} faults, by kind and time`,
      left: 10,
      top: 6,
      textStyle: { fontSize: 15 },
    },
    legend: { top: 8, right: 10, data: targets },
    grid: { left: 170, right: 20, top: 56, bottom: 44 },
    xAxis: {
      type: 'value',
      min: 0,
      max: Math.ceil(offsetS),
      name: 'seconds of the run',
      nameLocation: 'middle',
      nameGap: 26,
    },
    yAxis: { type: 'category', data: kinds, axisTick: { show: false }, splitLine: { show: true } },
    series: targets.map((target, at) => ({
      name: target,
      type: 'custom',
      itemStyle: { color: COLOURS[at % COLOURS.length] },
      data: placed
        .filter((fault) => fault.target.replace(/-?\d+$/, '') === target)
        .map((fault) => [fault.fromS, kinds.indexOf(fault.kind), fault.toS]),
      renderItem: (_: unknown, api: echarts.CustomSeriesRenderItemAPI) => bar(api, colourOf(target)),
      ...(at === 0 ? { markLine: bordersOf(borders) } : {}),
    })),
  } as echarts.EChartsCoreOption);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function placedAt({ kind, target, atMs, durationMs = 0 }: InjectedFault, offsetS: number): Placed {
  const fromS = offsetS + atMs / 1000;
  return { kind, target, fromS, toS: fromS + durationMs / 1000 };
}

function bar(api: echarts.CustomSeriesRenderItemAPI, colour: string) {
  const [x, y] = api.coord([api.value(0), api.value(1)]);
  const [toX] = api.coord([api.value(2), api.value(1)]);
  const height = ROW_HEIGHT * 0.6;
  return {
    type: 'rect' as const,
    shape: { x, y: y - height / 2, width: Math.max(LEAST_WIDTH_PX, toX - x), height },
    style: { fill: colour, opacity: 0.8 },
  };
}

function bordersOf(borders: readonly { name: string; atS: number }[]) {
  return {
    symbol: 'none',
    silent: true,
    lineStyle: { type: 'dashed', color: '#999999' },
    label: { show: borders.length <= 8, formatter: (item: { name: string }) => item.name, fontSize: 10 },
    data: borders.map(({ name, atS }) => ({ name, xAxis: atS })),
  };
}
