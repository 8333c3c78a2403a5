import { ConsumerModule, OperationRunner } from '@bus/consumer-kit';
import { Global, Module } from '@nestjs/common';
import { EffectsRepository } from './effects.repository';
import { Misbehaviour } from './misbehaviour';
import { MisbehaviourHttpController } from './misbehaviour.http.controller';
import { MisbehavingRunner } from './misbehaving-runner';
import { Provide } from './provide.handler';
import { RecordEffect } from './record-effect.handler';

@Global()
@Module({
  controllers: [MisbehaviourHttpController],
  providers: [Misbehaviour, EffectsRepository],
  exports: [Misbehaviour, EffectsRepository],
})
class SwitchesModule {}

/** A consumer app of the proof: the real kit around handlers that record what they did. */
@Module({
  imports: [
    SwitchesModule,
    ConsumerModule.register({
      service: 'proof',
      version: '1',
      handlers: [RecordEffect, Provide],
      providers: [{ provide: OperationRunner, useClass: MisbehavingRunner }],
    }),
  ],
})
export class ProofRecorderModule {}
