import type { OperationHandler } from '@bus/contracts';
import {
  Module,
  type DynamicModule,
  type ModuleMetadata,
  type OnModuleInit,
  type Type,
} from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { OperationHttpController } from './operation.http.controller';
import { OperationRegistry, type RegistryOptions } from './operation-registry';
import { OperationRpcController } from './operation.rpc.controller';
import { OperationRunner } from './operation-runner';

export interface ConsumerModuleOptions extends RegistryOptions {
  handlers: Type<OperationHandler>[];
  /** Modules that the handlers need. */
  imports?: ModuleMetadata['imports'];
  /** Repositories, providers and whatever else the handlers inject. */
  providers?: ModuleMetadata['providers'];
}

/** The runtime of a consumer app: its handlers behind the one RPC controller and its HTTP twin. */
@Module({})
export class ConsumerModule implements OnModuleInit {
  constructor(
    private readonly registry: OperationRegistry,
    private readonly modules: ModuleRef,
  ) {}

  /** @throws StartupError where an operation has no handler, or two */
  static register(options: ConsumerModuleOptions): DynamicModule {
    return {
      module: ConsumerModule,
      imports: options.imports ?? [],
      controllers: [OperationRpcController, OperationHttpController],
      providers: [
        { provide: OperationRegistry, useFactory: () => new OperationRegistry(options) },
        OperationRunner,
        ...options.handlers,
        ...(options.providers ?? []),
      ],
      exports: [OperationRegistry, OperationRunner],
    };
  }

  onModuleInit(): void {
    this.registry.bind((handler) => this.modules.get(handler, { strict: true }));
  }
}
