import { Terminal } from '@bus/local-bus';
import { Command, Option } from 'commander';
import { runOrders, type OrdersOptions } from './orders/run-orders';
import { differences, renderVerdict } from './orders/verdict';

const AFTER_SIGINT = 130;
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(AFTER_SIGINT);
    console.error(`${signal}: stopping everything that this run has started`);
    stopping.abort(new Error('Stopped before the end; nothing was counted'));
  });
}

const program = new Command('npm run e2e --').description('Runs on a bus of its own, with real processes.');

program
  .command('orders')
  .description(
    'publishes 6,919 real purchases, each twice, and compares what happened with what had to happen',
  )
  .addOption(
    new Option('--broker <broker>', 'where events are kept')
      .choices(['postgres', 'kafka'])
      .default('postgres'),
  )
  .option('--limit <purchases>', 'only the first so many', Number)
  .option('--faults', 'kill bus-consumer 5 times, and keep coupons down for 20 s in the middle')
  .option('--second-consumer', 'a second bus-consumer joins and leaves during the run')
  .option('--verbose', 'every log line of the apps')
  .action(async (options: OrdersOptions) => {
    const report = await runOrders(options, new Terminal(), stopping.signal);
    console.log(renderVerdict(report));
    const different = differences(report);
    if (different.length > 0) {
      console.error(`Not as expected: ${different.join(', ')}`);
      process.exitCode = 1;
    }
  });

program.parseAsync().catch((error: Error) => {
  console.error(error.message);
  process.exitCode = 1;
});
