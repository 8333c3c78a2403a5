import * as echarts from 'echarts';
import type { Bars, Lines } from '../scenario';

/** Okabe and Ito, 2008: told apart by all kinds of sight. */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#7F7F7F'];
const WIDTH = 960;
const BAR_HEIGHT = 34;

/** @returns SVG */
export function renderPlot(plot: Bars | Lines): string {
  const height = plot.kind === 'bars' ? 120 + plot.categories.length * BAR_HEIGHT : 420;
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    color: COLOURS,
    title: { text: plot.title, left: 10, top: 6, textStyle: { fontSize: 15 } },
    legend: { top: 8, right: 10, show: plot.series.length > 1 },
    grid: { left: 10, right: 70, top: 50, bottom: 30, containLabel: true },
    ...(plot.kind === 'bars' ? barsOf(plot) : linesOf(plot)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

function barsOf({ categories, series, unit, logarithmic = false }: Bars) {
  return {
    xAxis: { type: logarithmic ? 'log' : 'value', name: unit },
    yAxis: { type: 'category', data: categories, inverse: true },
    series: series.map(({ name, values }) => ({
      name,
      type: 'bar',
      data: values,
      label: {
        show: true,
        position: 'right',
        formatter: ({ value }: { value: number }) => Number(value.toPrecision(3)).toLocaleString('en-GB'),
      },
    })),
  };
}

function linesOf({ series, unit, xUnit }: Lines) {
  return {
    xAxis: { type: 'value', name: xUnit, min: 'dataMin', max: 'dataMax' },
    yAxis: { type: 'value', name: unit },
    series: series.map(({ name, points }) => ({
      name,
      type: 'line',
      showSymbol: points.length < 50,
      data: points,
    })),
  };
}
