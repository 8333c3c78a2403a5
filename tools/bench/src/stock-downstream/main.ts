import 'reflect-metadata';
import { Controller, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { MessagePattern, Transport, type MicroserviceOptions } from '@nestjs/microservices';

/** Nest TCP as it comes out of the box, a text pattern and all: what the raw rate is measured with. */
@Controller()
class StockRpcController {
  @MessagePattern('execute')
  execute(request: { executionId: string; operation: string; attempt: number }) {
    const { executionId, operation, attempt } = request;
    return { executionId, operation, attempt, status: 'completed' };
  }
}

@Module({ controllers: [StockRpcController] })
class StockModule {}

void (async () => {
  const port = Number(process.env['RPC_PORT']);
  const app = await NestFactory.createMicroservice<MicroserviceOptions>(StockModule, {
    transport: Transport.TCP,
    options: { host: '127.0.0.1', port },
    logger: false,
  });
  await app.listen();
  process.send?.({ kind: 'ready' });
  process.once('disconnect', () => process.exit());
})();
