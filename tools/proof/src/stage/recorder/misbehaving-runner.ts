import { Clock } from '@bus/app-shell';
import { OperationRegistry, OperationRunner } from '@bus/consumer-kit';
import type { OperationReply } from '@bus/contracts';
import { Injectable } from '@nestjs/common';
import { Misbehaviour } from './misbehaviour';

const LOST_FOR_MS = 60_000;
const HUGE_CHARACTERS = 3_000_000;

/** The kit's runner, whose replies may be lost, wrong or nonsense; what it did stays done. */
@Injectable()
export class MisbehavingRunner extends OperationRunner {
  constructor(
    registry: OperationRegistry,
    clock: Clock,
    private readonly misbehaviour: Misbehaviour,
  ) {
    super(registry, clock);
  }

  override async run(data: unknown): Promise<OperationReply> {
    const reply = await super.run(data);
    const { now } = this.misbehaviour;
    if (reply.status === 'completed' && now.killAfterSuccess > 0) {
      now.killAfterSuccess -= 1;
      if (now.killAfterSuccess === 0) process.kill(process.pid, 'SIGKILL');
    }
    if (this.misbehaviour.happens(now.replyLost))
      await new Promise((done) => setTimeout(done, LOST_FOR_MS).unref());
    if (this.misbehaviour.happens(now.replyWrong)) {
      return { ...reply, executionId: '00000000-0000-8000-8000-000000000000' };
    }
    if (this.misbehaviour.happens(now.replyGarbage)) return 'garbage' as unknown as OperationReply;
    if (this.misbehaviour.happens(now.replyHuge)) return { ...reply, reason: 'x'.repeat(HUGE_CHARACTERS) };
    return reply;
  }
}
