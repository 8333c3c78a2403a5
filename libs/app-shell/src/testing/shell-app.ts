import { BusError } from '@bus/contracts';
import { Body, Controller, Get, HttpCode, Module, Param, Post, type OnModuleDestroy } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { MessagePattern, Payload } from '@nestjs/microservices';
import { Gauge } from 'prom-client';
import { startApp, type BootstrapOptions } from '../bootstrap';
import { MetricsRegistry } from '../metrics/metrics-registry';
import { currentTraceparent } from '../tracing/traceparent';

/** Calls of `/held` and `{cmd: 'held'}` wait until the test lets them go. */
export const held = {
  begun: 0,
  waiting: [] as (() => void)[],
  release(): void {
    for (const resolve of this.waiting.splice(0)) resolve();
  },
};

async function hold(): Promise<string> {
  held.begun += 1;
  await new Promise<void>((resolve) => held.waiting.push(resolve));
  return 'released';
}

/** Routes and patterns that end in all the ways there are. */
@Controller()
class ExampleController {
  constructor(registry: MetricsRegistry) {
    new Gauge({
      name: 'bus_example_held',
      help: 'Calls that wait',
      registers: [registry],
      collect() {
        this.set(held.waiting.length);
      },
    });
  }

  @Post('echo')
  @HttpCode(200)
  echo(@Body() body: unknown): unknown {
    return { body };
  }

  @Get('items/:id')
  item(@Param('id') id: string): unknown {
    if (id === 'broken') throw new Error('cannot read the item');
    if (id === 'refused')
      throw new BusError({
        code: 'conflict',
        message: 'No.',
        faults: [{ path: '/id', message: 'is taken' }],
      });
    return { id, traceparent: currentTraceparent() };
  }

  @Get('held')
  held(): Promise<string> {
    return hold();
  }

  @MessagePattern({ cmd: 'echo' })
  echoRpc(@Payload() data: unknown): unknown {
    return data;
  }

  @MessagePattern({ cmd: 'held' })
  heldRpc(): Promise<string> {
    return hold();
  }

  @MessagePattern({ cmd: 'broken' })
  broken(@Payload() data: unknown): never {
    throw Object.assign(new Error('a query failed'), { parameters: [data], cause: parsed(data) });
  }

  @MessagePattern({ cmd: 'refused' })
  refused(): never {
    throw new BusError({ code: 'unavailable', message: 'Away.', outcome: 'unknown' });
  }
}

/** The parser's error, which quotes its input. */
function parsed(text: unknown): unknown {
  try {
    return JSON.parse(`{"a":${String(text)}}`);
  } catch (error) {
    return error;
  }
}

/** What Nest's `close()` waits for in an example app. */
export const closing = { run: (): Promise<void> => Promise.resolve() };

@Module({ controllers: [ExampleController] })
export class ExampleModule implements OnModuleDestroy {
  onModuleDestroy(): Promise<void> {
    return closing.run();
  }
}

export const exampleOptions = (over: Partial<BootstrapOptions> = {}): BootstrapOptions => ({
  name: 'example',
  module: ExampleModule,
  http: { port: 0, host: '127.0.0.1' },
  rpc: { port: 0, host: '127.0.0.1' },
  logLevel: 'silent',
  ...over,
});

/** A whole app on free ports. */
export async function startExample(
  over: Partial<BootstrapOptions> = {},
): Promise<{ app: NestExpressApplication; url: string }> {
  const app = await startApp(exampleOptions(over));
  return { app, url: await app.getUrl() };
}
